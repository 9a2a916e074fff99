package org.jhorovod.allreduce.ranks;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import com.google.common.net.HostAndPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreServer;

/**
 * A job whose ranks are processes of this machine, each with a JVM and the class path of this one:
 * its store, what makes a process one of its ranks, and a folder for what they log.
 *
 * <p>Ends no process: whoever starts the ranks ends them, before the job is closed.
 */
public final class LocalJob implements AutoCloseable {
    private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(5);

    private final int size;
    private final Path folder;
    private final Path secretFile;
    private final StoreServer store;
    private final String rendezvous;

    private LocalJob(int size, Path folder, Path secretFile, StoreServer store, String rendezvous) {
        this.size = size;
        this.folder = folder;
        this.secretFile = secretFile;
        this.store = store;
        this.rendezvous = rendezvous;
    }

    /**
     * Opens the store of a job.
     *
     * @param address where the ranks meet and listen
     */
    public static LocalJob open(InetAddress address, int size) throws IOException {
        Path folder = Files.createTempDirectory("jhorovod-ranks-");
        Secret secret = Secret.random();
        Path secretFile = Files.writeString(folder.resolve("secret"), secret.encoded());
        StoreServer store =
                StoreServer.open(new InetSocketAddress(address, 0), secret, HANDSHAKE_TIMEOUT);
        String rendezvous =
                HostAndPort.fromParts(address.getHostAddress(), store.port()).toString();
        return new LocalJob(size, folder, secretFile, store, rendezvous);
    }

    /**
     * The process of a rank, not started yet; where its output goes is the caller's choice.
     *
     * @param jvmArguments win over those that every rank gets
     */
    public ProcessBuilder rank(
            int rank, List<String> jvmArguments, String mainClass, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC"));
        command.addAll(jvmArguments);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> variables = builder.environment();
        variables.keySet().removeIf(name -> name.startsWith("JHOROVOD_"));
        variables.put("JHOROVOD_RANK", String.valueOf(rank));
        variables.put("JHOROVOD_SIZE", String.valueOf(size));
        variables.put("JHOROVOD_LOCAL_RANK", String.valueOf(rank));
        variables.put("JHOROVOD_LOCAL_SIZE", String.valueOf(size));
        variables.put("JHOROVOD_CROSS_RANK", "0");
        variables.put("JHOROVOD_CROSS_SIZE", "1");
        variables.put("JHOROVOD_RENDEZVOUS", rendezvous);
        variables.put("JHOROVOD_RUN_ID", folder.getFileName().toString());
        variables.put("JHOROVOD_SECRET_FILE", secretFile.toString());
        return builder;
    }

    /** The file for what a rank logs; goes with the job. */
    public Path log(int rank) {
        return folder.resolve("rank." + rank);
    }

    /** Closes the store and deletes the folder. */
    @Override
    public void close() throws IOException {
        store.close();
        MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
}
