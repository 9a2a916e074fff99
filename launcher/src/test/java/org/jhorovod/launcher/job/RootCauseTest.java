package org.jhorovod.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jhorovod.allreduce.rendezvous.LostReport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(10)
class RootCauseTest {

    /**
     * Exits as {@code rank=code}, with an s where the launcher had sent a signal before; reports as
     * {@code reporter>lost}.
     */
    @ParameterizedTest(name = "{0}: {1} {2} -> rank {3}, exit code {4}")
    @CsvSource(
            delimiter = '|',
            value = {
                "one fails              | 0=0 1=3         |             | 1 | 3",
                "the first fails        | 1=3 0=5         |             | 1 | 3",
                "a victim exits first   | 0=1 1=9         | 0>1         | 1 | 9",
                "a rank is killed       | 1=137 0=1 2=1   | 0>1 2>1     | 1 | 137",
                "a rank is stopped      | 0=1 2=1 1=137s  | 0>1 2>1     | 1 | 137",
                "a rank hangs, no word  | 0=1 1=143s      |             | 0 | 1",
                "the lost one exits 0   | 1=0 0=1         | 0>1         | 1 | 1",
                "all exit 0, one missed | 1=0 0=0 2=0     | 0>1 2>1     | 1 | 1",
                "victims name a victim  | 2=1 0=1 3=1 1=137s | 0>2 3>2 2>1 | 1 | 137",
                "they name each other   | 0=1 1=2         | 0>1 1>0     | 0 | 1",
                "a tie                  | 0=1 1=1 2=137s 3=137s | 0>3 1>2 | 2 | 137",
                "majority               | 0=1 1=1 4=1 2=137s 3=137s | 0>3 1>2 4>3 | 3 | 137",
                "it names itself        | 0=4             | 0>0         | 0 | 4",
                "the lost never ended   | 0=1             | 0>1         | 1 | 1",
                "a report and a failure | 2=7 0=1 1=143s  | 0>1         | 2 | 7",
                "stopped, then a failure | 2=7 0=1 1=137s | 0>1         | 1 | 137",
                "both, and both missed  | 2=7 0=1 3=1 1=137s | 0>1 3>2  | 2 | 7",
                "a missed one fails 2nd | 2=7 3=9 0=1 4=1 1=137s | 0>1 4>3 | 2 | 7",
                "a hung victim          | 2=7 0=1 1=137s  | 0>1 1>0     | 2 | 7",
            })
    void decide(String what, String exits, String reports, int rank, int code) {
        Optional<RootCause> cause = RootCause.decide(exits(exits), reports(reports));

        assertThat(cause).as(what).isPresent();
        assertThat(cause.get().rank()).as(what).isEqualTo(rank);
        assertThat(cause.get().exitCode()).as(what).isEqualTo(code);
    }

    @Test
    void decide_isEmpty_whenAllSucceeded() {
        assertThat(RootCause.decide(exits("0=0 1=0"), Map.of())).isEmpty();
    }

    @Test
    void decide_passesOnWhatSurvivorsWereTold() {
        RootCause cause = RootCause.decide(exits("0=1 1=137"), reports("0>1")).orElseThrow();
        assertThat(cause.toldSurvivors()).contains("0 lost 1");
    }

    private static List<RankExit> exits(String text) {
        return Arrays.stream(text.strip().split(" +", -1))
                .map(
                        word -> {
                            String[] pair = word.replace("s", "").split("=", 2);
                            return new RankExit(
                                    Integer.parseInt(pair[0]),
                                    Integer.parseInt(pair[1]),
                                    word.endsWith("s"));
                        })
                .toList();
    }

    private static Map<Integer, LostReport> reports(String text) {
        Map<Integer, LostReport> reports = new HashMap<>();
        if (text != null) {
            for (String word : text.strip().split(" +", -1)) {
                String[] pair = word.split(">", 2);
                int lost = Integer.parseInt(pair[1]);
                reports.put(
                        Integer.valueOf(pair[0]), new LostReport(lost, pair[0] + " lost " + lost));
            }
        }
        return reports;
    }
}
