package org.jhorovod.launcher.endtoend;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.LostReport;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.TcpStore;

/**
 * What a rank that uses the library tells the launcher, without the library's collectives:
 *
 * <ul>
 *   <li>{@code loses RANK CODE} posts that a rank is lost and exits;
 *   <li>{@code meets RANK} waits for word that a rank has ended, and prints it.
 * </ul>
 */
final class RankProgram {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private RankProgram() {}

    public static void main(String[] args) throws IOException {
        Configuration configuration = Configuration.fromProcess();
        int rank = configuration.get(Settings.RANK);
        int other = Integer.parseInt(args[1]);
        int code = 0;
        try (TcpStore store = connect(configuration, rank)) {
            if (args[0].equals("loses")) {
                String message = "rank %d lost rank %d".formatted(rank, other);
                store.set(Keys.lost(0, rank), new LostReport(other, message).encode(), TIMEOUT);
                code = Integer.parseInt(args[2]);
            } else {
                byte[] how = store.await(Keys.gone(0, other), TIMEOUT);
                System.out.println("gone: " + new String(how, StandardCharsets.UTF_8));
            }
        }
        System.exit(code);
    }

    static TcpStore connect(Configuration configuration, int rank) throws IOException {
        String[] address = configuration.get(Settings.RENDEZVOUS).split(":", 2);
        return TcpStore.connect(
                new InetSocketAddress(address[0], Integer.parseInt(address[1])),
                Secret.read(configuration.get(Settings.SECRET_FILE)),
                new Identity(Identity.Purpose.STORE, 0, rank),
                TIMEOUT);
    }

    /** The words of a shell script that runs this program; to be put behind {@code exec}. */
    static String command(String... args) {
        List<String> words =
                new ArrayList<>(
                        List.of(
                                System.getProperty("java.home") + "/bin/java",
                                "-Xmx64m",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                "'target/test-classes:" + Jhorovodrun.DISTRIBUTION + "/lib/*'",
                                RankProgram.class.getName()));
        words.addAll(Arrays.asList(args));
        return String.join(" ", words);
    }
}
