package org.jhorovod.launcher.agent;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** The agent's process: commands on standard input, events on standard output. */
public final class AgentMain {
    // More than the agent needs to end what it has started.
    private static final Duration END_TIMEOUT = Duration.ofSeconds(5);

    private AgentMain() {}

    /** The version of JHorovod that this process runs. */
    public static String version() {
        String version = AgentMain.class.getPackage().getImplementationVersion();
        return version == null ? "from classes" : version;
    }

    /** Runs until standard input ends; takes no arguments. */
    public static void main(String[] args) {
        OutputStream events = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out));
        System.setOut(System.err); // nothing else may get in between the events
        Agent agent =
                new Agent(
                        new BufferedInputStream(System.in),
                        events,
                        ProcessHandle.current().pid(),
                        Agent.GREETING_TIMEOUT,
                        AgentMain::leave);
        // Also where somebody ends the agent itself politely.
        Runtime.getRuntime().addShutdownHook(new Thread(agent::end, "agent-end"));
        int code = 0;
        try {
            AgentWire.writeMark(events);
            AgentWire.write(new AgentEvent.Hello(AgentWire.VERSION, version()), events);
            agent.obey();
        } catch (IOException e) {
            System.err.println("jhorovodrun's agent cannot read its orders: " + e.getMessage());
            code = 1;
        }
        System.exit(code);
    }

    /** Ends this process; soon even if a connection that is dead keeps it from its last words. */
    private static void leave() {
        AgentThreads.start(
                "agent-halt",
                () -> {
                    LockSupport.parkNanos(END_TIMEOUT.toNanos());
                    Runtime.getRuntime().halt(1);
                });
        System.exit(1);
    }
}
