package org.jhorovod.launcher.agent;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** The agent's process: commands on standard input, events on standard output. */
public final class AgentMain {
    private AgentMain() {}

    /** Runs until standard input ends; takes no arguments. */
    public static void main(String[] args) {
        OutputStream events = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out));
        System.setOut(System.err); // nothing else may get in between the events
        Agent agent = new Agent(new BufferedInputStream(System.in), events);
        // Also where somebody ends the agent itself politely.
        Runtime.getRuntime().addShutdownHook(new Thread(agent::end, "agent-end"));
        int code = 0;
        try {
            agent.obey();
        } catch (IOException e) {
            System.err.println("jhorovodrun's agent cannot read its orders: " + e.getMessage());
            code = 1;
        }
        System.exit(code);
    }
}
