package org.jhorovod.allreduce.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class LostReportFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                new LostReport(3, "Rank 3 is gone.").encode(), new LostReport(0, "").encode());
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aValue_isNoReport_orOneThatComesBackAsItWas(byte[] bytes) {
        Optional<LostReport> report = LostReport.decode(bytes);

        assertThat(report.flatMap(known -> LostReport.decode(known.encode()))).isEqualTo(report);
    }
}
