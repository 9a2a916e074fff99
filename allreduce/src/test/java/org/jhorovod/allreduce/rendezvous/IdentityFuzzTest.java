package org.jhorovod.allreduce.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class IdentityFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                new Identity(Identity.Purpose.STORE, 0, 0).encode(),
                new Identity(Identity.Purpose.PROBE, 7, Integer.MAX_VALUE).encode(),
                new Identity(Identity.Purpose.DATA, 0, 1, Long.MIN_VALUE, true).encode());
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void bytes_areRefused_orAnIdentityWithTheSameBytes(byte[] bytes) {
        Identity identity;
        try {
            identity = Identity.decode(bytes);
        } catch (HandshakeException e) {
            return;
        }
        assertThat(identity.rank()).isNotNegative();
        assertThat(identity.encode()).isEqualTo(bytes);
    }
}
