package org.jhorovod.allreduce.timeline;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

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

    /** Up to so many of the oldest; waits for the first as long as is said. */
    List<Event> poll(int most, long waitMillis) throws InterruptedException {
        List<Event> polled = new ArrayList<>();
        @Nullable Event first = events.poll(waitMillis, TimeUnit.MILLISECONDS);
        if (first != null) {
            polled.add(first);
            events.drainTo(polled, most - 1);
        }
        return polled;
    }

    boolean isEmpty() {
        return events.isEmpty();
    }

    /** How many had no room since this was asked last. */
    long takeLost() {
        return lost.getAndSet(0);
    }
}
