package org.jhorovod.allreduce;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.Store;
import org.jhorovod.allreduce.rendezvous.StoreException;

/** Which ranks share a host, where no launcher of ours says so: each tells the others its host. */
final class HostKeys {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private final Store store;
    private final int generation;
    private final Duration timeout;

    HostKeys(Store store, int generation, Duration timeout) {
        this.store = store;
        this.generation = generation;
        this.timeout = timeout;
    }

    /**
     * A key of this host, without blanks: its name, and of which start of its kernel, since two
     * machines may have one name, and the containers of one machine have many.
     */
    static String ofThisHost() throws IOException {
        String started =
                Files.isReadable(BOOT_ID) ? Files.readString(BOOT_ID) : ""; // Linux alone has it
        return (Assignment.hostName() + "/" + started.strip()).replaceAll("\\s", "_");
    }

    /**
     * Tells and asks all ranks.
     *
     * @param hostKey the same on all ranks of a host, and different on others
     * @return where this rank stands among them
     */
    Topology exchange(Topology self, String hostKey) {
        try {
            return topology(self.rank(), allHostKeys(self, hostKey), self.host());
        } catch (StoreException e) {
            throw new StartException(
                    "%s could not join the job: %s".formatted(self.describe(), e.getMessage()));
        }
    }

    private List<String> allHostKeys(Topology self, String hostKey) {
        Attendance attendance = new Attendance(store, self, Group.job(self), generation, timeout);
        store.set(key(self.rank()), hostKey.getBytes(StandardCharsets.UTF_8), timeout);
        List<String> hosts = new ArrayList<>();
        for (int rank = 0; rank < self.size(); rank++) {
            hosts.add(new String(attendance.awaitWord(rank, key(rank)), StandardCharsets.UTF_8));
        }
        return hosts;
    }

    private String key(int rank) {
        return Keys.meeting(generation, 0, rank, "host-key");
    }

    /**
     * Where a rank stands.
     *
     * @param hosts the host of each rank
     * @param hostName of this rank's host, for messages
     */
    static Topology topology(int rank, List<String> hosts, String hostName) {
        Map<String, List<Integer>> ranksOfHost = new LinkedHashMap<>();
        for (int i = 0; i < hosts.size(); i++) {
            ranksOfHost.computeIfAbsent(hosts.get(i), host -> new ArrayList<>()).add(i);
        }
        List<Integer> local = ranksOfHost.getOrDefault(hosts.get(rank), List.of());
        int localRank = local.indexOf(rank);
        List<Integer> cross =
                ranksOfHost.values().stream()
                        .filter(ranks -> ranks.size() > localRank)
                        .map(ranks -> ranks.get(localRank))
                        .toList();
        return new Topology(
                rank,
                hosts.size(),
                localRank,
                local.size(),
                cross.indexOf(rank),
                cross.size(),
                hostName);
    }
}
