package org.jhorovod.allreduce.timeline;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

/** What this rank has recorded and nobody has written yet. Bounded; never blocks who records. */
final class EventQueue {
    private final ArrayBlockingQueue<Event> events;
    private final AtomicLong lost = new AtomicLong();

    EventQueue(int capacity) {
        this.events = new ArrayBlockingQueue<>(capacity);
    }

    /** Takes an event, or counts it as lost where there is no room. */
    void add(Event event) {
        if (!events.offer(event)) {
            lost.incrementAndGet();
        }
    }

    /** Up to so many of the oldest. */
    List<Event> take(int most) {
        List<Event> taken = new ArrayList<>();
        events.drainTo(taken, most);
        return taken;
    }

    boolean isEmpty() {
        return events.isEmpty();
    }

    /** How many had no room since this was asked last. */
    long takeLost() {
        return lost.getAndSet(0);
    }
}
