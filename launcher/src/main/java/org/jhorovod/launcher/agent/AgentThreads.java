package org.jhorovod.launcher.agent;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Daemon threads with the name of their duty. */
final class AgentThreads {
    private AgentThreads() {}

    static Thread start(String duty, Runnable task) {
        Thread thread = new Thread(task, duty);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** Runs a task again and again, with this pause before each time. */
    static void repeat(String duty, Duration pause, Runnable task) {
        start(
                duty,
                () -> {
                    while (!Thread.currentThread().isInterrupted()) {
                        LockSupport.parkNanos(pause.toNanos());
                        task.run();
                    }
                });
    }
}
