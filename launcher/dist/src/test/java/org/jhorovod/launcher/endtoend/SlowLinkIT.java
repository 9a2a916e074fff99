package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The comparison of ways to train, over two processes. */
@Timeout(120)
class SlowLinkIT {

    @TempDir Path folder;

    @Test
    void twoRanks_trainInEachWayInTurn_toTheAccuracy() throws Exception {
        Path json = folder.resolve("ways.json");
        Path plot = folder.resolve("ways.png");
        Jhorovodrun.Result result =
                Jhorovodrun.of(
                                "-np",
                                "2",
                                "--example",
                                "slow-link",
                                "--",
                                "--way=plain",
                                "--way=local:8,int8,fragments:2",
                                "--accuracy=0.5",
                                "--every=16",
                                "--seconds=20",
                                "--json=" + json,
                                "--plot=" + plot)
                        .withQuickStarts()
                        .run(Duration.ofSeconds(100));

        assertThat(result.code()).as(result.out() + result.err()).isZero();
        assertThat(result.out())
                .contains("[0]<stdout>:# 11,904 images a pass, 2 ranks on 1 host, shm\n")
                .containsPattern("plain +[0-9.]+ +16 ")
                .containsPattern("local:8,int8,fragments:2 +[0-9.]+ +[0-9]+ ")
                .doesNotContain("[1]", "in time");
        assertThat(result.err()).doesNotContain("WARN");
        assertThat(plot).isNotEmptyFile();
        assertThat(PerfJson.read(json).getAsJsonArray("ways"))
                .hasSize(2)
                .allSatisfy(way -> requireReached(way.getAsJsonObject()));
    }

    private static void requireReached(JsonObject way) {
        assertThat(way.get("seconds").getAsDouble()).as("%s", way).isPositive();
        assertThat(way.get("accuracy").getAsDouble()).as("%s", way).isGreaterThanOrEqualTo(0.5);
        assertThat(way.get("timesPlain").getAsDouble()).as("%s", way).isPositive();
        assertThat(way.has("sentBytes")).as("on one host nobody counts: %s", way).isFalse();
    }
}
