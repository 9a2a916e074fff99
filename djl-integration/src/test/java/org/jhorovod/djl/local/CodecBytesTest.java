package org.jhorovod.djl.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jhorovod.allreduce.codec.Codecs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CodecBytesTest {
    // 1,000,000 elements in a matrix, and some in small vectors.
    private static final List<long[]> SHAPES =
            List.of(new long[] {1000, 1000}, new long[] {7}, new long[] {10}, new long[] {});

    private static CodecBytes of(String codec, int sites) {
        return CodecBytes.of(Codecs.parse(codec), sites, SHAPES);
    }

    @ParameterizedTest
    @CsvSource({
        "float16, 2, false",
        "float16, 3, false",
        "float16, 4, true",
        "int8, 2, false",
        "int8, 7, false",
        "int8, 8, true",
        "int4, 8, false",
        "topk:0.01, 10, false",
        "powersgd:4, 10, false",
        "none, 10, false",
    })
    void codecThatSavesNothing_isWarnedOf_byTheNumberOfSites(
            String codec, int sites, boolean isWarned) {
        assertThat(of(codec, sites).warning().isPresent()).isEqualTo(isWarned);
    }

    @Test
    void warning_namesSitesAndBytesOfBoth_andWhatToDo() {
        assertThat(of("int8", 10).warning().orElseThrow())
                .contains("10 sites", "int8", "9.1 MB", "7.2 MB")
                .contains("JHOROVOD_SITES", "topk:0.01", "JHOROVOD_LOCAL_STEPS");
    }

    @Test
    void modelOfNothing_isNotWarnedOf() {
        assertThat(CodecBytes.of(Codecs.parse("int8"), 10, List.of()).warning()).isEmpty();
    }
}
