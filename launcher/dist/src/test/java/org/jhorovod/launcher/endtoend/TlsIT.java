package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What somebody hears who listens on the line between two hosts. */
@Timeout(180)
class TlsIT {
    private static final int RUN_BYTES = 24;

    @TempDir static Path folder;
    private static Hosts hosts;

    @BeforeAll
    static void makeHosts() throws Exception {
        hosts = Hosts.create(2, folder);
    }

    @AfterAll
    static void removeHosts() throws Exception {
        if (hosts != null) {
            hosts.close();
        }
    }

    /** A training, and what the line told of it. */
    private record Heard(byte[] parameters, String line) {

        boolean hasName() {
            return line.contains(TalkativeCnnProgram.NAME);
        }

        /** How many runs of the parameters' bytes the line has carried, of all. */
        long runs() {
            String all = new String(parameters, StandardCharsets.ISO_8859_1);
            long found = 0;
            for (int start = 0; start + RUN_BYTES <= all.length(); start += RUN_BYTES) {
                found += line.contains(all.substring(start, start + RUN_BYTES)) ? 1 : 0;
            }
            return found;
        }
    }

    @Test
    void encryptedJob_trainsTheSameModel_andTheLineTellsNothingOfIt() throws Exception {
        Heard plain = train("plain");
        Heard encrypted = train("tls", "--tls");
        assertThat(encrypted.parameters()).isEqualTo(plain.parameters());
        // That the tap hears anything is shown by the job that is not encrypted.
        assertThat(plain.hasName()).as("the name of a tensor, in the clear").isTrue();
        assertThat(plain.runs()).as("runs of parameters, in the clear").isGreaterThan(50);
        assertThat(encrypted.line()).as("the line of the encrypted job").hasSizeGreaterThan(10_000);
        assertThat(encrypted.hasName()).as("the name of a tensor, encrypted").isFalse();
        assertThat(encrypted.runs()).as("runs of parameters, encrypted").isZero();
    }

    private static Heard train(String name, String... options) throws Exception {
        Path models = Files.createDirectory(folder.resolve(name));
        try (LineTap tap = LineTap.on(hosts, 1, models)) {
            List<String> words = new ArrayList<>(List.of("-H", "host1:1,host2:1"));
            words.addAll(List.of(options));
            words.addAll(
                    RankJava.command(
                            "", TalkativeCnnProgram.class.getName(), models.resolve("rank") + ""));
            Jhorovodrun.Result result =
                    hosts.jhorovodrun(1, words.toArray(new String[0])).run(Duration.ofMinutes(1));
            assertThat(result.code()).as(result.err()).isZero();
            byte[] parameters = Files.readAllBytes(models.resolve("rank0"));
            assertThat(models.resolve("rank1")).hasBinaryContent(parameters);
            return new Heard(parameters, tap.end());
        }
    }
}
