package org.jhorovod.allreduce.negotiation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What waits to be announced. */
class UnannouncedTest {
    private static final List<Announcement.Item> ITEM = List.of(new Announcement.Known(0));

    private final Unannounced unannounced = new Unannounced(Duration.ofHours(1));

    @Test
    void whatIsAdded_waitsForMore_unlessSomebodyWaitsForIt() {
        unannounced.add(ITEM);
        assertThat(unannounced.takeDue()).isEmpty();
        unannounced.hurry();
        assertThat(unannounced.takeDue()).isEqualTo(ITEM);
    }

    @Test
    void whatComesAfterAChangeOfTheCycle_waitsForTheNewOne() {
        unannounced.waitFor(Duration.ZERO);
        unannounced.add(ITEM);
        assertThat(unannounced.takeDue()).isEqualTo(ITEM);
    }
}
