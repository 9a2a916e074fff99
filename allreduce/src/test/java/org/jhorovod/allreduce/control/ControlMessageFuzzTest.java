package org.jhorovod.allreduce.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class ControlMessageFuzzTest {
    private static final int GENERATION = 3;

    static Stream<byte[]> bodies() {
        return ControlMessageTest.messages().map(ControlMessageFuzzTest::body);
    }

    private static byte[] body(ControlMessage message) {
        byte[] frame = message.encode(GENERATION).array();
        return Arrays.copyOfRange(frame, Integer.BYTES, frame.length);
    }

    @MethodSource("bodies")
    @FuzzTest(maxDuration = "1m")
    void aBody_isRefused_orAMessageThatComesBackAsItWas(byte[] body) throws IOException {
        ControlMessage message;
        try {
            message = ControlMessage.decode(ByteBuffer.wrap(body), GENERATION);
        } catch (IOException e) {
            return;
        }
        byte[] again = body(message);
        if (again.length < ControlMessage.HEADER_BYTES + ControlMessage.MAX_TEXT_BYTES) {
            assertThat(ControlMessage.decode(ByteBuffer.wrap(again), GENERATION))
                    .isEqualTo(message);
        }
    }
}
