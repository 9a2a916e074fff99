package org.jhorovod.allreduce.negotiation;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.CollectiveCall.Memory;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.TensorShape;
import org.junit.jupiter.params.provider.MethodSource;

/** What ranks write to each other of the tensors that they submit. */
class LettersFuzzTest {
    private static final Request GATHER =
            new Request(
                    new CollectiveCall(
                            Kind.ALL_GATHER, "ü", DataType.INT64, null, false, -1, 6, Memory.HOST),
                    TensorShape.of(2, 3),
                    new Request.Grouping("g", 2));

    private static final Request OBJECT =
            new Request(
                    new CollectiveCall(
                            Kind.OBJECT_BROADCAST,
                            "o",
                            DataType.UINT8,
                            null,
                            false,
                            -0.5,
                            1,
                            6,
                            Memory.HOST,
                            Request.BY_ROWS),
                    TensorShape.of(6),
                    Request.Grouping.NONE);

    static Stream<byte[]> seeds() {
        return Stream.of(
                letter(Letters.announcements(List.of(new Announcement.Join()))),
                letter(
                        Letters.announcements(
                                List.of(
                                        new Announcement.Fresh(GATHER),
                                        new Announcement.Fresh(OBJECT),
                                        new Announcement.Known(3),
                                        new Announcement.Known(4)))),
                letter(
                        Letters.steps(
                                List.of(
                                        new Step.Run(
                                                List.of(
                                                        new Step.Entry(
                                                                GATHER,
                                                                List.of(2L, 0L),
                                                                java.util.OptionalInt.of(0),
                                                                false)),
                                                1),
                                        new Step.Refuse("a", "b", List.of(0, 2)),
                                        new Step.Joined(1),
                                        new Step.Left(0),
                                        new Step.Rebatch(new Batching(16, 1))))));
    }

    private static byte[] letter(List<byte[]> letters) {
        return letters.get(0);
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void anyBytes_areALetter_orRefused(byte[] bytes) {
        MessageReader reader = new MessageReader(ByteBuffer.wrap(bytes));
        try {
            switch (reader.choice(Letters.Kind.values())) {
                case ANNOUNCEMENT, PART -> {
                    List<Announcement.Item> items = Announcement.read(reader).items();
                    for (byte[] again : Announcement.encode(items)) {
                        assertThat(again.length).isLessThanOrEqualTo(bytes.length * 3);
                    }
                }
                case STEPS -> {
                    KnownEntries known = new KnownEntries();
                    while (reader.hasMore()) {
                        assertThat(Step.read(reader, known)).isNotNull();
                    }
                }
            }
        } catch (IOException e) {
            assertThat(e).hasMessageNotContaining("bug");
        }
    }
}
