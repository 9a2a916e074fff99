package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Settings;
import org.junit.jupiter.params.provider.MethodSource;

/** The environment of a rank in lines, as a launcher sets it or not quite. */
class AssignmentFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                        """
                        JHOROVOD_RANK=1
                        JHOROVOD_LOCAL_RANK=1
                        JHOROVOD_RENDEZVOUS=h:1
                        """,
                        """
                        JHOROVOD_RANK=1
                        JHOROVOD_SIZE=2
                        JHOROVOD_LOCAL_RANK=1
                        JHOROVOD_LOCAL_SIZE=2
                        JHOROVOD_CROSS_RANK=0
                        JHOROVOD_CROSS_SIZE=1
                        JHOROVOD_RENDEZVOUS=host:1,[fd00::2]:3
                        """,
                        """
                        JHOROVOD_RANK=2
                        JHOROVOD_SIZE=3
                        JHOROVOD_LOCAL_RANK=0
                        JHOROVOD_RENDEZVOUS=[fe80::1%eth0]:80
                        """)
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void anEnvironment_isRefusedWithItsFaults_orARanksAssignment(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        Map<String, String> environment = new HashMap<>();
        for (String line : text.split("\n", -1)) {
            int equals = line.indexOf('=');
            environment.put(line.substring(0, Math.max(0, equals)), line.substring(equals + 1));
        }
        environment.remove("JHOROVOD_SECRET_FILE");
        environment.put("JHOROVOD_SECRET", "0123456789abcdef");
        environment.putIfAbsent("JHOROVOD_SIZE", "2");
        environment.putIfAbsent("JHOROVOD_HOST", "h");
        Assignment assignment;
        Configuration configuration;
        try {
            configuration = Configuration.from(name -> null, environment::get);
            if (configuration.find(Settings.SIZE).isEmpty()) {
                return; // it trains alone, and is told nothing
            }
            assignment = Assignment.of(configuration);
        } catch (ConfigurationException e) {
            return;
        }
        assertThat(assignment.topology().rank()).isLessThan(assignment.topology().size());
        for (RendezvousName name : Assignment.candidates(configuration)) {
            assertThat(RendezvousName.parse("[" + name.host() + "]:" + name.port()))
                    .isEqualTo(name);
        }
    }
}
