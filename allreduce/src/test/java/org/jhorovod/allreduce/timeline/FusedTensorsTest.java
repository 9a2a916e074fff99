package org.jhorovod.allreduce.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.junit.jupiter.api.Test;

class FusedTensorsTest {

    private static List<String> names(int count) {
        return IntStream.range(0, count).mapToObj(i -> "t" + i).toList();
    }

    @Test
    void fewNames_areAllSaid() {
        assertThat(FusedTensors.of(names(2))).isEqualTo(new FusedTensors(2, "t0, t1"));
        assertThat(FusedTensors.of(names(16)).names()).endsWith("t14, t15");
    }

    @Test
    void ofManyNames_theFirstAreSaid_andHowManyMoreThereAre() {
        FusedTensors fused = FusedTensors.of(names(20));
        assertThat(fused.count()).isEqualTo(20);
        assertThat(fused.names()).startsWith("t0, t1, ").endsWith(", t15 and 4 more");
    }

    @Test
    void longNames_areSoFewThatALetterTakesThemWhole() {
        String longest = "n".repeat(CollectiveCall.MAX_NAME_BYTES);
        FusedTensors fused = FusedTensors.of(Collections.nCopies(1_000_000, longest));
        assertThat(fused.names())
                .isEqualTo(longest + " and 999999 more")
                .hasSizeLessThanOrEqualTo(Letter.MAX_TEXT_CHARACTERS);
        String shorter = "n".repeat(70);
        assertThat(FusedTensors.of(Collections.nCopies(16, shorter)).names())
                .hasSizeLessThanOrEqualTo(Letter.MAX_TEXT_CHARACTERS);
    }
}
