package org.jhorovod.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.net.InetAddresses;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class AddressTrialsTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final Secret secret = Secret.random();

    @Test
    void address_counts_onlyWhereTheStoreAnswers() throws Exception {
        try (StoreServer store = store(secret)) {
            List<AddressTrial> trials = run(List.of("127.0.0.1", "127.0.0.2"), store.port());
            assertThat(trials.get(0)).isEqualTo(new AddressTrial("127.0.0.1", null));
            assertThat(trials.get(1).failure()).contains("refused");
            assertThat(store.hasServed()).as("a trial is no rank").isFalse();
        }
    }

    @Test
    void address_doesNotCount_whereTheSecretIsNotKnown() throws Exception {
        try (StoreServer store = store(Secret.random())) {
            assertThat(run(List.of("127.0.0.1"), store.port()).get(0).failure()).contains("secret");
        }
    }

    @Test
    void silentAddress_doesNotHoldUpTheOthersForLong() throws Exception {
        try (StoreServer store = store(secret);
                ServerSocket silent =
                        new ServerSocket(store.port(), 9, InetAddresses.forString("127.0.0.2"))) {
            assertThat(silent.isBound()).isTrue();
            long startNanos = System.nanoTime();
            List<AddressTrial> trials = run(List.of("127.0.0.2", "127.0.0.1"), store.port());
            assertThat(trials).extracting(AddressTrial::isSuccess).containsExactly(false, true);
            assertThat(Duration.ofNanos(System.nanoTime() - startNanos)).isLessThan(TIMEOUT);
        }
    }

    private static StoreServer store(Secret secret) throws Exception {
        return StoreServer.open(
                new InetSocketAddress(InetAddresses.forString("127.0.0.1"), 0), secret, TIMEOUT);
    }

    private List<AddressTrial> run(List<String> addresses, int port) throws Exception {
        return AddressTrials.run(new AgentCommand.TryAddresses(addresses, port, secret, TIMEOUT));
    }
}
