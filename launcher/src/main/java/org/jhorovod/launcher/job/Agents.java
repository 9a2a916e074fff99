package org.jhorovod.launcher.job;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jhorovod.launcher.agent.AgentCommand;

/** The agents of a job, one a host. */
final class Agents implements AutoCloseable {
    // An agent takes at most 3.5 s to end what it has started.
    private static final Duration END_TIMEOUT = Duration.ofSeconds(6);

    private final Map<String, AgentLink> links = new LinkedHashMap<>();
    private final Set<String> lost = ConcurrentHashMap.newKeySet();

    private Agents() {}

    /**
     * Starts them all.
     *
     * @param isHere tells which hosts are this one
     */
    static Agents start(JobSpec spec, Predicate<String> isHere, AgentLink.Listener listener)
            throws IOException {
        Agents agents = new Agents();
        Duration liveness = spec.timeouts().liveness();
        try {
            for (String host : spec.hosts()) {
                agents.links.put(
                        host,
                        isHere.test(host)
                                ? AgentLink.startHere(host, liveness, listener)
                                : AgentLink.startThere(host, spec, listener));
            }
        } catch (IOException | RuntimeException e) {
            agents.close();
            throw e;
        }
        return agents;
    }

    /** Begins to hear what they say. */
    void open() {
        links.values().forEach(AgentLink::open);
    }

    Set<String> hosts() {
        return links.keySet();
    }

    /** Whether all of them run on this host. */
    boolean areHere() {
        return links.values().stream().allMatch(AgentLink::isHere);
    }

    boolean isHere(String host) {
        return link(host).isHere();
    }

    private AgentLink link(String host) {
        AgentLink link = links.get(host);
        if (link == null) {
            throw new IllegalStateException("bug: no agent was started on " + host);
        }
        return link;
    }

    /** What a host has printed in place of an answer, as the end of a sentence. */
    String errorsSoFar(String host) {
        return link(host).errorsSoFar();
    }

    /** Sends to one; if it cannot be reached, that is noticed where it speaks. */
    void send(String host, AgentCommand command) {
        if (!lost.contains(host)) {
            try {
                link(host).send(command);
            } catch (IOException e) {
                lost.add(host);
            }
        }
    }

    /** Sends to all that are left. */
    void sendToAll(AgentCommand command) {
        hosts().forEach(host -> send(host, command));
    }

    /** Forwards input to the rank 0 on this host. */
    void forward(String host, InputStream input) {
        link(host).forward(input);
    }

    /** Waits for this host no more. */
    void giveUp(String host) {
        lost.add(host);
    }

    /** Has all agents end what is left and then themselves, and waits for them. */
    @Override
    public void close() {
        links.values().forEach(AgentLink::hangUp);
        Deadline deadline = Deadline.after(END_TIMEOUT);
        for (AgentLink link : links.values()) {
            boolean isLost = lost.contains(link.host());
            link.awaitEnd(isLost ? Duration.ZERO : Duration.ofMillis(deadline.remainingMillis()));
        }
    }
}
