package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.junit.jupiter.params.provider.MethodSource;

class InvitationFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                "short\n1\n10.0.0.1\n".getBytes(StandardCharsets.US_ASCII),
                "0123456789abcdef\n70000\n10.0.0.1\n".getBytes(StandardCharsets.US_ASCII),
                "0123456789abcdef\n1\nlocalhost\n".getBytes(StandardCharsets.US_ASCII),
                new Invitation(
                                Secret.of("0123456789abcdef"),
                                4711,
                                List.of(
                                        InetAddresses.forString("10.0.0.1"),
                                        InetAddresses.forString("fd00::2")))
                        .encode(),
                new Invitation(Secret.of("0123456789abcdef"), 1, List.of()).encode());
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aMessage_isRefused_orAnInvitationWithTheSameBytes(byte[] bytes) throws IOException {
        Invitation invitation;
        try {
            invitation = Invitation.decode(bytes);
        } catch (IOException e) {
            return;
        }
        assertThat(invitation.sockets()).hasSizeLessThanOrEqualTo(Invitation.MOST_ADDRESSES);
        byte[] again = invitation.encode();
        assertThat(Invitation.decode(again).encode()).isEqualTo(again);
    }
}
