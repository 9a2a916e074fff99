package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two processes with the variables that pods of a cluster have, and no launcher. */
@Timeout(120)
class PodIT {
    private final String port = String.valueOf(freePort());
    private final String secret = Secret.random().encoded();

    PodIT() throws IOException {}

    @Test
    void podsOfATrainJob_areRanks_thatMeetAtItsAddress() throws Exception {
        assertMeet(
                "PET_NODE_RANK",
                Map.of(
                        "PET_NNODES", "2",
                        "PET_NPROC_PER_NODE", "1",
                        "PET_MASTER_ADDR", "localhost",
                        "PET_MASTER_PORT", port));
    }

    @Test
    void podsOfAnIndexedJob_areRanks_byTheirNumbers() throws Exception {
        assertMeet(
                "JOB_COMPLETION_INDEX",
                Map.of("JHOROVOD_SIZE", "2", "JHOROVOD_RENDEZVOUS", "localhost:" + port));
    }

    private void assertMeet(String number, Map<String, String> variables) throws Exception {
        Map<String, String> environment = new HashMap<>(variables);
        environment.put("JHOROVOD_SECRET", secret);
        try (Jhorovodrun second = pod(environment, number, 1);
                Jhorovodrun first = pod(environment, number, 0)) {
            assertPlace(first.await(), "rank 0 of 2, local 0 of 1, cross 0 of 2");
            assertPlace(second.await(), "rank 1 of 2, local 0 of 1, cross 1 of 2");
        }
    }

    private static Jhorovodrun pod(Map<String, String> environment, String number, int index)
            throws IOException {
        List<String> java = RankJava.command("", HostProgram.class.getName(), "once");
        return Jhorovodrun.ofScript(
                        Path.of(java.get(0)), java.subList(1, java.size()).toArray(new String[0]))
                .with(environment)
                .with(number, String.valueOf(index))
                .start();
    }

    private static void assertPlace(Jhorovodrun.Result result, String place) {
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).contains(place).contains(", sum 1");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
