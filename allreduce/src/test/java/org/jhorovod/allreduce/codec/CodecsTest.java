package org.jhorovod.allreduce.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CodecsTest {

    @ParameterizedTest
    @CsvSource({
        "none, none",
        "float16, float16",
        "bfloat16, bfloat16",
        "int8, int8",
        "' INT4 ', int4",
        "topk:0.01, topk:0.01",
        "topk:.010, topk:0.01",
        "topk:1, topk:1",
        "topk:1e-3, topk:0.001",
        "powersgd:4, powersgd:4",
    })
    void parse_givesTheCodec_whoseNameIsTheSetting(String text, String name) {
        assertThat(Codecs.parse(text).name()).isEqualTo(name);
        assertThat(Codecs.parse(name).name()).isEqualTo(name);
    }

    @ParameterizedTest
    @CsvSource({
        "gzip, the name is unknown",
        "'', the name is unknown",
        "topk, its parameter is missing",
        "powersgd, its parameter is missing",
        "'topk:', its fraction is no number",
        "topk:a, its fraction is no number",
        "topk:0, its fraction is not more than 0 and at most 1",
        "topk:-0.1, its fraction is not more than 0 and at most 1",
        "topk:1.01, its fraction is not more than 0 and at most 1",
        "topk:NaN, its fraction is no number",
        "topk:1e999, its fraction is not finite",
        "powersgd:0, its rank is below 1",
        "powersgd:1.5, its rank is no whole number",
        "'int8:4', 'the name is unknown, or takes no parameter'",
    })
    void parse_refusesOtherNames_withTheReasonAndWhatIsAllowed(String text, String reason) {
        assertThatThrownBy(() -> Codecs.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "There is no codec '%s' (%s). Use %s."
                                .formatted(text, reason, Codecs.ALLOWED));
    }

    @ParameterizedTest
    @CsvSource({
        "topk:0.07, 100, 56", // 0.07 * 100 is 7.000000000000001 in float64
        "topk:0.01, 1, 8",
        "topk:0.01, 101, 16",
        "topk:0.5, 0, 0",
        "topk:1, 3, 24",
        "int8, 257, 265",
        "int4, 65, 41",
        "float16, 3, 6",
    })
    void bytesSent_toOneOther_areTheEncodings(String name, int count, long expected) {
        assertThat(Codecs.parse(name).bytesSent(Floats.vector(count), 2)).isEqualTo(expected);
    }
}
