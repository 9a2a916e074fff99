package org.jhorovod.allreduce.rendezvous;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The job's shared secret, which every connection has to prove. Never printed.
 *
 * <p>It may have the job's certificate with it: then every TCP connection is encrypted from its
 * first byte, and refuses peers that are not.
 */
public final class Secret {
    /** Bytes of a proof. */
    static final int PROOF_BYTES = 32;

    private static final int KEY_BYTES = 32;
    private static final int MIN_TEXT_BYTES = 16;
    private static final String CERTIFICATE_BEGIN = "-----BEGIN ";

    private final byte[] key;
    private final @Nullable JobCertificate certificate; // null where nothing is encrypted

    private Secret(byte[] key, @Nullable JobCertificate certificate) {
        this.key = key;
        this.certificate = certificate;
    }

    /** A new random secret. */
    public static Secret random() {
        byte[] key = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(key);
        return new Secret(HexFormat.of().formatHex(key).getBytes(StandardCharsets.US_ASCII), null);
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
     * A secret that a launcher left as text, which blanks may surround, and which the certificate
     * may follow.
     *
     * @param where it was found, for the message
     * @throws IOException if it has fewer than 16 bytes, or the certificate cannot be used
     */
    public static Secret ofText(String where, String text) throws IOException {
        int end = text.indexOf(CERTIFICATE_BEGIN);
        String secret = end < 0 ? text : text.substring(0, end);
        byte[] key = secret.strip().getBytes(StandardCharsets.ISO_8859_1);
        if (key.length < MIN_TEXT_BYTES) {
            throw new IOException(
                    "The secret in %s has %d bytes; at least %d are needed."
                            .formatted(where, key.length, MIN_TEXT_BYTES));
        }
        return new Secret(key, end < 0 ? null : JobCertificate.ofPem(where, text.substring(end)));
    }

    /** The secret, and its certificate, as text for a secret file or an agent's standard input. */
    public String encoded() {
        String text = new String(key, StandardCharsets.ISO_8859_1);
        return certificate == null ? text : text + '\n' + certificate.encoded();
    }

    /**
     * A secret from {@link #encoded} text.
     *
     * @throws IllegalArgumentException if it holds a certificate that cannot be used
     */
    public static Secret of(String encoded) {
        int end = encoded.indexOf(CERTIFICATE_BEGIN);
        if (end < 0) {
            return new Secret(encoded.getBytes(StandardCharsets.ISO_8859_1), null);
        }
        try {
            return ofText("the secret", encoded);
        } catch (IOException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** The same secret, to encrypt connections by this certificate. */
    public Secret with(JobCertificate other) {
        return new Secret(key, other);
    }

    /** The same secret without a certificate. */
    public Secret withoutCertificate() {
        return new Secret(key, null);
    }

    /** Whether connections are encrypted. */
    public boolean isEncrypting() {
        return certificate != null;
    }

    /** By what connections to or from this address are encrypted; empty for none. */
    Optional<JobCertificate> certificateFor(SocketAddress address) {
        // What stays inside a host needs no more than the secret.
        return address instanceof UnixDomainSocketAddress
                ? Optional.empty()
                : Optional.ofNullable(certificate);
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
