package org.jhorovod.allreduce.timeline;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jhorovod.allreduce.control.Channel;
import org.jhorovod.allreduce.control.ControlPlane;

/** Letters of any thread, which the control thread sends. */
final class Outbox {
    private final ControlPlane control;
    private final Queue<Mail> waiting = new ConcurrentLinkedQueue<>();

    private record Mail(int rank, byte[] letter) {}

    Outbox(ControlPlane control) {
        this.control = control;
    }

    void post(int rank, byte[] letter) {
        waiting.add(new Mail(rank, letter));
        control.wakeup();
    }

    /** Sends what waits; on the control thread. */
    void send() {
        for (Mail mail = waiting.poll(); mail != null; mail = waiting.poll()) {
            control.send(Channel.TIMELINE, mail.rank, mail.letter);
        }
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }
}
