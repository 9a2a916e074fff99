package org.jhorovod.allreduce.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.jhorovod.allreduce.rendezvous.StoreProtocol.Kind;
import org.jhorovod.allreduce.rendezvous.StoreProtocol.Request;
import org.junit.jupiter.params.provider.MethodSource;

class StoreRequestFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                new Request(Kind.SET, "key", 0, new byte[] {1, 2, 3}, null).encode().array(),
                new Request(Kind.ADD, "ü", -1, null, null).encode().array(),
                new Request(Kind.COMPARE_AND_SET, "", 7, new byte[1], new byte[0])
                        .encode()
                        .array());
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aBody_isRefused_orARequestThatComesBackAsItWas(byte[] bytes) throws IOException {
        Request request;
        try {
            request = Request.decode(ByteBuffer.wrap(bytes));
        } catch (IOException e) {
            return;
        }
        // A record's arrays are equal only to themselves, so the bytes are compared.
        ByteBuffer again = request.encode();
        assertThat(Request.decode(again.duplicate()).encode()).isEqualTo(again);
    }
}
