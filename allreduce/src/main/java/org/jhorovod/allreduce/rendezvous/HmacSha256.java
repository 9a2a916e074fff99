package org.jhorovod.allreduce.rendezvous;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/*
 * HMAC [1] over the JDK's SHA-256:
 *   H((key ^ outer pad) || H((key ^ inner pad) || message)), the key filled up with zeros to a block
 *
 * Note [Why not javax.crypto.Mac]
 * Its first use in a process looks through all security providers and reads the policy files of
 * strong encryption: a third of the time in which a rank meets the others.
 *
 * [1] Krawczyk, Bellare, Canetti: HMAC: Keyed-Hashing for Message Authentication, RFC 2104, 1997.
 */
/** The code of one message under a key. Used once, by one thread. */
final class HmacSha256 {
    private static final int BLOCK_BYTES = 64;
    private static final byte INNER_PAD = 0x36;
    private static final byte OUTER_PAD = 0x5c;

    private final byte[] block;
    private final MessageDigest inner = sha256();

    /** Begins a message; the key may have any length. */
    HmacSha256(byte[] key) {
        byte[] fitting = key.length > BLOCK_BYTES ? sha256().digest(key) : key;
        this.block = Arrays.copyOf(fitting, BLOCK_BYTES);
        inner.update(padded(INNER_PAD));
    }

    /** Adds to the message. */
    void update(byte[] part) {
        inner.update(part);
    }

    /** The code of the message, which ends here. */
    byte[] finish() {
        MessageDigest outer = sha256();
        outer.update(padded(OUTER_PAD));
        return outer.digest(inner.digest());
    }

    private byte[] padded(byte pad) {
        byte[] padded = new byte[BLOCK_BYTES];
        for (int i = 0; i < BLOCK_BYTES; i++) {
            padded[i] = (byte) (block[i] ^ pad);
        }
        return padded;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("bug: every JDK has SHA-256", e);
        }
    }
}
