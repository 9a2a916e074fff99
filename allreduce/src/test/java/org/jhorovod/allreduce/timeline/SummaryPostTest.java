package org.jhorovod.allreduce.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jhorovod.allreduce.config.ShownSetting;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.MemoryStore;
import org.junit.jupiter.api.Test;

class SummaryPostTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(1);

    private final MemoryStore store = new MemoryStore();
    private final SummaryPost post = new SummaryPost(store, 3);

    private static RunSummary summary(int ranks, int windows, long seed) {
        Random random = new Random(seed);
        List<RunSummary.Rank> all = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            List<RunSummary.Window> ofRank = new ArrayList<>();
            for (int i = 0; i < windows; i++) {
                ofRank.add(
                        new RunSummary.Window(
                                random.nextInt(),
                                random.nextInt(),
                                random.nextLong(),
                                random.nextLong(),
                                random.nextLong(),
                                random.nextLong(),
                                random.nextLong()));
            }
            all.add(new RunSummary.Rank(rank, "h<ö>", 1, ofRank));
        }
        return new RunSummary(
                1,
                2,
                3,
                all,
                List.of(new RunSummary.Traffic("tcp", "ALL_REDUCE", 1, 2)),
                new RunSummary.Step(
                        1, 2, 3, 4, List.of(new RunSummary.Part("b", "ALL_REDUCE", 1, 2, 3, 4))),
                5,
                List.of(new ShownSetting("JHOROVOD_CODEC", "none", true)),
                6);
    }

    @Test
    void summary_comesBackAsItWas_alsoInSeveralPieces() {
        for (int windows : new int[] {0, 1, 2000}) {
            RunSummary told = summary(4, windows, windows);
            post.leave(told);
            assertThat(new SummaryPost(store, 3).find()).contains(told);
        }
        assertThat(store.get(Keys.report(3, "1/2"), TIMEOUT)).as("a third piece").isPresent();
    }

    @Test
    void theOneBefore_stays_whileTheNextIsNotWhole() {
        RunSummary whole = summary(2, 3, 1);
        post.leave(whole);
        store.set(Keys.report(3, "0/0"), new byte[] {1}, TIMEOUT);
        assertThat(post.find()).contains(whole);
    }

    @Test
    void nothing_orWhatCannotBeRead_isNoSummary() {
        assertThat(post.find()).isEmpty();
        post.leave(summary(1, 1, 1));
        assertThat(new SummaryPost(store, 4).find()).as("another generation").isEmpty();
        for (String head : new String[] {"", "1", "x y", "0 1", "1 -1", "1 99999999999"}) {
            store.set(Keys.report(3, "head"), head.getBytes(StandardCharsets.US_ASCII), TIMEOUT);
            assertThat(post.find()).as(head).isEmpty();
        }
    }
}
