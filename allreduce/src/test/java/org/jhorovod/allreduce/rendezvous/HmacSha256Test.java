package org.jhorovod.allreduce.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HmacSha256Test {

    /** Cases 1 and 2 of RFC 4231. */
    @ParameterizedTest
    @CsvSource({
        "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b, Hi There,"
                + " b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        "4a656665, what do ya want for nothing?,"
                + " 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    })
    void finish_givesThePublishedCode(String key, String message, String code) {
        HmacSha256 hmac = new HmacSha256(HexFormat.of().parseHex(key));
        hmac.update(message.getBytes(StandardCharsets.US_ASCII));
        assertThat(HexFormat.of().formatHex(hmac.finish())).isEqualTo(code);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 16, 63, 64, 65, 200})
    void finish_givesWhatTheJdkGives_forKeysOfAnyLength(int keyBytes) throws Exception {
        Random random = new Random(keyBytes);
        byte[] key = new byte[keyBytes];
        byte[] message = new byte[1000];
        random.nextBytes(key);
        random.nextBytes(message);
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));

        HmacSha256 hmac = new HmacSha256(key);
        hmac.update(message);

        assertThat(hmac.finish()).isEqualTo(mac.doFinal(message));
    }

    @Test
    void finish_doesNotDependOnHowTheMessageIsCut() {
        HmacSha256 whole = new HmacSha256(new byte[] {1, 2, 3});
        whole.update(new byte[] {4, 5, 6, 7});
        HmacSha256 cut = new HmacSha256(new byte[] {1, 2, 3});
        cut.update(new byte[] {4});
        cut.update(new byte[] {});
        cut.update(new byte[] {5, 6, 7});

        assertThat(cut.finish()).isEqualTo(whole.finish());
    }
}
