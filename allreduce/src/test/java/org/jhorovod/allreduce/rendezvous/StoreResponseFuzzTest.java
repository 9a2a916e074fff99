package org.jhorovod.allreduce.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.jhorovod.allreduce.rendezvous.StoreProtocol.Response;
import org.jhorovod.allreduce.rendezvous.StoreProtocol.Status;
import org.junit.jupiter.params.provider.MethodSource;

class StoreResponseFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                new Response(Status.DONE, 7, new byte[] {1, 2, 3}).encode().array(),
                new Response(Status.ABSENT, 0, null).encode().array());
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aBody_isRefused_orAResponseWithTheSameBytes(byte[] bytes) {
        Response response;
        try {
            response = Response.decode(ByteBuffer.wrap(bytes));
        } catch (IOException e) {
            return;
        }
        assertThat(response.encode()).isEqualTo(ByteBuffer.wrap(bytes));
    }
}
