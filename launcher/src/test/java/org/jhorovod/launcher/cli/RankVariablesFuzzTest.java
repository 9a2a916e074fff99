package org.jhorovod.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.junit.jupiter.params.provider.MethodSource;

/** The words of -x, a line each. */
class RankVariablesFuzzTest {
    private static final Map<String, String> ENVIRONMENT =
            Map.of("HERE", "there", "JHOROVOD_TRANSPORT", "tcp");

    static Stream<byte[]> seeds() {
        return Stream.of("HERE\nA=b=c", "JHOROVOD_RANK=1", "_=\n", "HERE\nHERE=2")
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void words_areRefused_orVariablesThatAProcessCanHave(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        List<EnvironmentChange> changes;
        try {
            changes = RankVariables.of(List.of(text.split("\n", -1)), ENVIRONMENT).changes();
        } catch (UsageException e) {
            return;
        }
        Map<String, String> environment = new ProcessBuilder().environment();
        EnvironmentChange.apply(changes, environment);
        assertThat(environment).containsKey("JHOROVOD_TRANSPORT");
    }
}
