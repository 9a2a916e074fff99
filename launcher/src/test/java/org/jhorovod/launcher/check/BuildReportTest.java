package org.jhorovod.launcher.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.spi.Availability;
import org.jhorovod.allreduce.spi.BackendProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class BuildReportTest {
    private static final Configuration DEFAULTS = Configuration.of(Map.of());

    @TempDir Path folder;

    /** A backend that says this of itself. */
    private record Provider(String name, Availability availability) implements BackendProvider {
        @Override
        public Availability probe(Configuration configuration) {
            return availability;
        }
    }

    @Test
    void report_namesEverything_thatMayBeThere() throws Exception {
        assertThat(BuildReport.lines(DEFAULTS, folder.toString()))
                .anyMatch(line -> line.startsWith("Engines"))
                .anyMatch(line -> line.startsWith("  pytorch     not available: "))
                .contains(
                        "Backends:",
                        "  host        available (built in; transports shm, unix and tcp)",
                        "Transports:",
                        "  unix        available (between ranks of one host)",
                        "Tools:")
                .anyMatch(line -> line.startsWith("  mpi         "))
                .anyMatch(line -> line.startsWith("  shm         available (between ranks of one"))
                .anyMatch(line -> line.startsWith("  nccl        "))
                .anyMatch(line -> line.startsWith("  tcp         available (between any ranks"));
    }

    @Test
    void tool_thatIsMissing_isToldWithWhatItIsFor() throws Exception {
        assertThat(describe(Tools.find(folder.toString())))
                .containsExactly(
                        "ssh         not available: it is not on the PATH; needed for several"
                                + " hosts; install OpenSSH's client",
                        "mpirun      not available: it is not on the PATH; needed for --mpi;"
                                + " install Open MPI",
                        "nvidia-smi  not available: it is not on the PATH; needed to share GPUs"
                                + " out; it comes with NVIDIA's driver");
    }

    @Test
    void tool_thatIsThere_saysWhichItIs_orHowItFails() throws Exception {
        fake("ssh", "echo OpenSSH_9 >&2");
        fake("nvidia-smi", "echo; echo 'has failed'; echo more; exit 9");
        assertThat(describe(Tools.find("/no/such:" + folder)))
                .contains(
                        "ssh         available (" + folder + "/ssh: OpenSSH_9)",
                        "nvidia-smi  not available: "
                                + folder
                                + "/nvidia-smi fails with exit code 9: has failed");
    }

    @Test
    void backends_areThoseThatCanBeChosen_eachInOneLine() {
        List<BackendProvider> providers =
                List.of(
                        new Provider("nccl", Availability.unavailable("no GPU;\nget one")),
                        new Provider("host", Availability.available("built in")));
        assertThat(describe(Backends.find(DEFAULTS, providers)))
                .containsExactly(
                        "host        available (built in)",
                        "mpi         not available: it is not on the class path; add a version of"
                                + " JHorovod that has it",
                        "nccl        not available: no GPU; get one");
    }

    @Test
    void backend_thatCannotBeAsked_isNotAvailable() {
        BackendProvider broken =
                new BackendProvider() {
                    @Override
                    public String name() {
                        return "mpi";
                    }

                    @Override
                    public Availability probe(Configuration configuration) {
                        throw new UnsatisfiedLinkError("no libmpi");
                    }
                };
        assertThat(describe(Backends.find(DEFAULTS, List.of(broken))))
                .anyMatch(line -> line.contains("mpi         not available: it cannot be asked"))
                .anyMatch(line -> line.contains("no libmpi"));
    }

    @Test
    void engine_isReadFromItsJar() throws Exception {
        Path engine =
                jar(
                        "pytorch-engine-1.2.jar",
                        "META-INF/services/ai.djl.engine.EngineProvider",
                        "X");
        Path library =
                jar(
                        "native.jar",
                        "native/lib/pytorch.properties",
                        "version=2.7\nflavor=cu128\nclassifier=linux-x86_64\n");
        assertThat(engines(engine, library))
                .containsExactly(
                        "pytorch     available (pytorch-engine-1.2.jar; libtorch 2.7 for cu128,"
                                + " linux-x86_64)");
        assertThat(engines(engine))
                .containsExactly(
                        "pytorch     available (pytorch-engine-1.2.jar; no native library is"
                                + " bundled, so that DJL downloads it at the first use)");
    }

    @Test
    void engine_thatDoesNotTrain_isNotAvailable() throws Exception {
        Path engine =
                jar("mxnet-engine-1.jar", "META-INF/services/ai.djl.engine.EngineProvider", "X");
        assertThat(engines(engine))
                .containsExactly(
                        "mxnet       not available: mxnet-engine-1.jar is there, but only pytorch"
                                + " trains with JHorovod",
                        "pytorch     not available: it is not on the class path; add"
                                + " ai.djl.pytorch:pytorch-engine");
    }

    private static List<String> describe(List<Finding> findings) {
        return findings.stream().map(Finding::describe).toList();
    }

    private static List<String> engines(Path... jars) throws IOException {
        URL[] urls = new URL[jars.length];
        for (int i = 0; i < jars.length; i++) {
            urls[i] = jars[i].toUri().toURL();
        }
        try (URLClassLoader loader = new URLClassLoader(urls, null)) {
            return describe(Engines.find(loader));
        }
    }

    private Path jar(String name, String entry, String content) throws IOException {
        Path file = folder.resolve(name);
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(file))) {
            jar.putNextEntry(new ZipEntry(entry));
            jar.write(content.getBytes(StandardCharsets.UTF_8));
        }
        return file;
    }

    private void fake(String name, String script) throws IOException {
        Path tool = folder.resolve(name);
        Files.writeString(tool, "#!/bin/sh\n" + script + "\n");
        assertThat(tool.toFile().setExecutable(true)).isTrue();
    }
}
