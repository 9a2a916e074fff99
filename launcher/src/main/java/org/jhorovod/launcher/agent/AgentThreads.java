package org.jhorovod.launcher.agent;

/** Daemon threads with the name of their duty. */
final class AgentThreads {
    private AgentThreads() {}

    static Thread start(String duty, Runnable task) {
        Thread thread = new Thread(task, duty);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
