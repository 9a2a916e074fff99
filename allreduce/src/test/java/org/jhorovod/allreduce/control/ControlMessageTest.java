package org.jhorovod.allreduce.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.CommunicatorClosedException;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ControlMessageTest {

    static Stream<ControlMessage> messages() {
        return Stream.of(
                new ControlMessage.Heartbeat(7, "all-reduce of 'wäge'"),
                new ControlMessage.Goodbye(Long.MAX_VALUE),
                new ControlMessage.Abort(ControlMessage.Reason.MISMATCH, 1, "no"),
                new ControlMessage.Abort(ControlMessage.Reason.PEER_LOST, 2, ""),
                new ControlMessage.Abort(ControlMessage.Reason.TIMEOUT, 0, "late"),
                new ControlMessage.Letter(Channel.TIMELINE, ByteBuffer.wrap(new byte[] {1, 2})));
    }

    private static ByteBuffer body(ControlMessage message) {
        ByteBuffer frame = message.encode(3);
        assertThat(frame.getInt()).isEqualTo(frame.remaining());
        return frame.slice();
    }

    @ParameterizedTest
    @MethodSource("messages")
    void decodesWhatItEncodes(ControlMessage message) throws IOException {
        assertThat(ControlMessage.decode(body(message), 3)).isEqualTo(message);
    }

    @Test
    void refusesAnotherGenerationAndAnUnknownType() {
        ByteBuffer old = body(new ControlMessage.Goodbye(1));
        assertThatThrownBy(() -> ControlMessage.decode(old, 4))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("generation 3");
        ByteBuffer unknown = body(new ControlMessage.Goodbye(1)).put(0, (byte) 99);
        assertThatThrownBy(() -> ControlMessage.decode(unknown, 3))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("type 99");
    }

    @Test
    void cutsATextThatIsTooLong() throws IOException {
        String text = "x".repeat(2 * ControlMessage.MAX_TEXT_BYTES);
        ControlMessage decoded =
                ControlMessage.decode(body(new ControlMessage.Heartbeat(1, text)), 3);
        assertThat(((ControlMessage.Heartbeat) decoded).lastSubmitted())
                .hasSize(ControlMessage.MAX_TEXT_BYTES);
    }

    @Test
    void cutsATextThatIsTooLong_betweenCharacters() throws IOException {
        String text = "x" + "ü".repeat(ControlMessage.MAX_TEXT_BYTES);
        ControlMessage decoded =
                ControlMessage.decode(body(new ControlMessage.Heartbeat(1, text)), 3);
        assertThat(text).startsWith(((ControlMessage.Heartbeat) decoded).lastSubmitted());
    }

    static Stream<CollectiveException> failures() {
        return Stream.of(
                new MismatchException("differs"),
                new OperationTimeoutException("late"),
                new PeerLostException(2, "lost"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void aFailure_reachesThePeersAsItWas(CollectiveException failure) {
        CollectiveException rebuilt = ControlMessage.Abort.of(failure, 1).cause();

        assertThat(rebuilt).hasSameClassAs(failure).hasMessage(failure.getMessage());
        if (failure instanceof PeerLostException lost) {
            assertThat(((PeerLostException) rebuilt).lostRank()).isEqualTo(lost.lostRank());
        }
    }

    @Test
    void aRankThatGivesUpForAnotherReason_isTheOneThatThePeersLose() {
        CollectiveException closed = new CommunicatorClosedException("shut down");

        assertThat(ControlMessage.Abort.of(closed, 1).cause())
                .isInstanceOfSatisfying(
                        PeerLostException.class, lost -> assertThat(lost.lostRank()).isEqualTo(1));
    }
}
