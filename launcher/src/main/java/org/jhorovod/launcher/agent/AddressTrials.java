package org.jhorovod.launcher.agent;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jhorovod.allreduce.rendezvous.Connections;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.TimedChannel;

/**
 * Finds out at which of its addresses the launcher can be reached from this host. An address counts
 * only if whoever answers there knows the job's secret: many hosts have some address in common,
 * that of a container bridge for instance.
 */
final class AddressTrials {
    // Once one address works, the others get only this long: a firewall may swallow what they send.
    private static final Duration AFTER_SUCCESS = Duration.ofSeconds(1);
    private static final Identity NOBODY = new Identity(Identity.Purpose.PROBE, 0, 0);

    private AddressTrials() {}

    /** Tries all addresses at once; blocks for the timeout at most. */
    static List<AddressTrial> run(AgentCommand.TryAddresses wanted) throws InterruptedException {
        Deadline deadline = Deadline.after(wanted.timeout());
        CompletableFuture<Void> anyReached = new CompletableFuture<>();
        List<CompletableFuture<AddressTrial>> running = new ArrayList<>();
        for (String address : wanted.addresses()) {
            CompletableFuture<AddressTrial> trial = new CompletableFuture<>();
            AgentThreads.start(
                    "agent-try-" + address,
                    () -> {
                        AddressTrial result = attempt(address, wanted, deadline);
                        trial.complete(result);
                        if (result.isSuccess()) {
                            anyReached.complete(null);
                        }
                    });
            running.add(trial);
        }
        CompletableFuture<Void> all =
                CompletableFuture.allOf(running.toArray(new CompletableFuture<?>[0]));
        await(CompletableFuture.anyOf(anyReached, all), wanted.timeout());
        await(all, AFTER_SUCCESS);
        List<AddressTrial> results = new ArrayList<>();
        for (int i = 0; i < running.size(); i++) {
            String address = wanted.addresses().get(i);
            results.add(running.get(i).getNow(new AddressTrial(address, "no answer in time")));
        }
        return results;
    }

    private static void await(CompletableFuture<?> future, Duration timeout)
            throws InterruptedException {
        try {
            future.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            return; // what is not known by now counts as not reached
        }
    }

    private static AddressTrial attempt(
            String address, AgentCommand.TryAddresses wanted, Deadline deadline) {
        try {
            InetSocketAddress store =
                    new InetSocketAddress(InetAddress.getByName(address), wanted.port());
            try (TimedChannel channel =
                    Connections.open(store, wanted.secret(), NOBODY, deadline)) {
                return new AddressTrial(address, null);
            }
        } catch (IOException | RuntimeException e) {
            return new AddressTrial(address, String.valueOf(e.getMessage()));
        }
    }
}
