package org.jhorovod.allreduce.rendezvous;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;

/** The job's shared secret, which every connection has to prove. Never printed. */
public final class Secret {
    /** Bytes of a proof. */
    static final int PROOF_BYTES = 32;

    private static final int KEY_BYTES = 32;
    private static final int MIN_TEXT_BYTES = 16;
    private final byte[] key;

    private Secret(byte[] key) {
        this.key = key;
    }

    /** A new random secret. */
    public static Secret random() {
        byte[] key = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(key);
        return new Secret(HexFormat.of().formatHex(key).getBytes(StandardCharsets.US_ASCII));
    }

    /**
     * Reads the secret that a launcher left in a file.
     *
     * @throws IOException if the file cannot be read or holds fewer than 16 bytes
     */
    public static Secret read(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        return ofText(file.toString(), new String(bytes, StandardCharsets.ISO_8859_1));
    }

    /**
     * A secret that a launcher left as text, which blanks may surround.
     *
     * @param where it was found, for the message
     * @throws IOException if it has fewer than 16 bytes
     */
    public static Secret ofText(String where, String text) throws IOException {
        byte[] key = text.strip().getBytes(StandardCharsets.ISO_8859_1);
        if (key.length < MIN_TEXT_BYTES) {
            throw new IOException(
                    "The secret in %s has %d bytes; at least %d are needed."
                            .formatted(where, key.length, MIN_TEXT_BYTES));
        }
        return new Secret(key);
    }

    /** The secret as text for a secret file or an agent's standard input. */
    public String encoded() {
        return new String(key, StandardCharsets.ISO_8859_1);
    }

    /** A secret from {@link #encoded} text. */
    public static Secret of(String encoded) {
        return new Secret(encoded.getBytes(StandardCharsets.ISO_8859_1));
    }

    byte[] proof(String who, byte[]... parts) {
        HmacSha256 proof = new HmacSha256(key);
        proof.update(who.getBytes(StandardCharsets.US_ASCII));
        for (byte[] part : parts) {
            proof.update(part);
        }
        return proof.finish();
    }

    static boolean equal(byte[] proof, byte[] expected) {
        return MessageDigest.isEqual(proof, expected);
    }

    @Override
    public String toString() {
        return "Secret[hidden]";
    }
}
