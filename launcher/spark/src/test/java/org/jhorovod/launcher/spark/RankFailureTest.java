package org.jhorovod.launcher.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jhorovod.launcher.spark.RankFailure.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class RankFailureTest {
    private static final RankFailure KILLED = failure(0, Kind.KILLED);
    private static final RankFailure MISSED = failure(1, Kind.PEER_MISSED);
    private static final RankFailure OWN = failure(2, Kind.OWN);
    private static final RankFailure LATER = failure(3, Kind.OWN);

    @Test
    void rootCause_isTheFirstThatNoOtherRankCaused_howeverLateItIsSeen() {
        assertThat(RankFailure.rootCause(List.of(KILLED, MISSED, OWN, LATER))).hasValue(OWN);
        assertThat(RankFailure.rootCause(List.of(LATER, OWN))).hasValue(LATER);
        assertThat(RankFailure.rootCause(List.of(KILLED, MISSED))).hasValue(MISSED);
        assertThat(RankFailure.rootCause(List.of(KILLED))).hasValue(KILLED);
        assertThat(RankFailure.rootCause(List.of())).isEmpty();
    }

    @Test
    void description_namesRankHostExecutorAndReason() {
        assertThat(OWN.describe())
                .isEqualTo("rank 2 on node2 (executor 7): java.io.IOException: no such file");
    }

    private static RankFailure failure(int rank, Kind kind) {
        return new RankFailure(
                rank,
                "node" + rank,
                "7",
                kind,
                "java.io.IOException",
                "java.io.IOException: no such file");
    }
}
