package org.jhorovod.allreduce.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a rank has recorded and has no room for. */
class EventQueueTest {
    private static final int CAPACITY = 5;

    private final EventQueue queue = new EventQueue(CAPACITY);

    private static Event event(int number) {
        return new Event(Event.Kind.INSTANT, "engine", "n" + number, "", 0, number, 0);
    }

    private void add(int from, int to) {
        IntStream.range(from, to).mapToObj(EventQueueTest::event).forEach(queue::add);
    }

    @Test
    void whatHasNoRoom_isCounted_andTheOldestStay() {
        add(0, CAPACITY + 3);

        assertThat(queue.takeLost()).isEqualTo(3);
        assertThat(queue.takeLost()).isZero();
        assertThat(queue.take(10))
                .extracting(Event::name)
                .isEqualTo(List.of("n0", "n1", "n2", "n3", "n4"));
        assertThat(queue.isEmpty()).isTrue();
    }

    @Test
    void whatIsTaken_leavesRoom() {
        add(0, CAPACITY);
        queue.take(2);
        add(CAPACITY, CAPACITY + 2);

        assertThat(queue.takeLost()).isZero();
        assertThat(queue.take(10)).hasSize(CAPACITY);
    }
}
