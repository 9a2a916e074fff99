package org.jhorovod.allreduce.timeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jhorovod.allreduce.control.ControlPlane;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LetterTest {
    private static final Event EVENT =
            new Event(Event.Kind.SPAN, "engine", "ALL_REDUCE", "wäge", 8, -3, 4);
    private static final Event DETAILED =
            new Event(
                    Event.Kind.SPAN,
                    "engine",
                    "ALL_REDUCE",
                    "w",
                    8,
                    5,
                    6,
                    Event.Detail.collective(7, new Event.Party(1, 2), new FusedTensors(2, "w, ä")));

    static Stream<Letter> letters() {
        return Stream.of(
                new Letter.Start(1),
                new Letter.Stop(2),
                new Letter.Question(Long.MIN_VALUE),
                new Letter.Answer(3, -4),
                new Letter.Events(5, 6, List.of(EVENT, DETAILED, EVENT)),
                new Letter.Written(7),
                new Letter.Ended(8));
    }

    @ParameterizedTest
    @MethodSource("letters")
    void aLetter_comesBackAsItWas(Letter letter) throws IOException {
        assertThat(Letter.read(ByteBuffer.wrap(letter.encode()))).isEqualTo(letter);
    }

    @ParameterizedTest
    @MethodSource("letters")
    void aLetterThatEndsEarly_isRefused(Letter letter) {
        byte[] whole = letter.encode();
        ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(whole, whole.length - 1));
        assertThatThrownBy(() -> Letter.read(cut)).isInstanceOf(IOException.class);
    }

    @Test
    void manyEvents_areSplit_andNoneIsMissing() throws IOException {
        List<Event> many = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            many.add(new Event(Event.Kind.SPAN, "engine", "X", "t" + i, i, i, i));
        }
        List<Event> read = new ArrayList<>();
        for (byte[] letter : Letter.split(new Letter.Events(1, 9, many))) {
            assertThat(letter).hasSizeLessThanOrEqualTo(ControlPlane.MAX_LETTER_BYTES);
            read.addAll(((Letter.Events) Letter.read(ByteBuffer.wrap(letter))).events());
        }
        assertThat(read).isEqualTo(many);
    }
}
