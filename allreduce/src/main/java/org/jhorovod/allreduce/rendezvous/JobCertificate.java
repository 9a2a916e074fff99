package org.jhorovod.allreduce.rendezvous;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/*
 * Note [One certificate for all]
 * All processes of a job have one key and one certificate, and each end of a connection demands of
 * the other the proof that it has them too. So there is no authority to ask, no name to compare,
 * and no date that counts: a job may last longer than any certificate is meant to.
 */
/**
 * The key and the self-signed certificate by which the connections of a job are encrypted. Never
 * printed. Safe for use by several threads.
 */
public final class JobCertificate {
    private static final String PROTOCOL = "TLSv1.3";
    // Every implementation of TLS 1.3 has it, and none is faster where the processor knows AES.
    private static final String CIPHERS = "TLS_AES_128_GCM_SHA256";
    private static final String BLOCK =
            "-----BEGIN %1$s-----([A-Za-z0-9+/=\\s]+)-----END %1$s-----";
    private static final Pattern KEY = Pattern.compile(BLOCK.formatted("PRIVATE KEY"));
    private static final Pattern CERTIFICATE = Pattern.compile(BLOCK.formatted("CERTIFICATE"));

    private final byte[] key;
    private final byte[] certificate;
    private final SSLContext context;

    /**
     * Takes encoded forms: PKCS #8 and X.509.
     *
     * @throws GeneralSecurityException if they cannot be used
     */
    JobCertificate(byte[] key, byte[] certificate) throws GeneralSecurityException {
        this.key = key.clone();
        this.certificate = certificate.clone();
        this.context = context(this.key, this.certificate);
    }

    /**
     * A new one; takes about a second.
     *
     * @throws IOException if Java's {@code keytool} cannot make it
     */
    public static JobCertificate create() throws IOException, InterruptedException {
        return Keytool.newCertificate();
    }

    /**
     * Reads the file that {@code JHOROVOD_TLS_FILE} names.
     *
     * @throws IOException if it cannot be read, or does not hold both in PEM form
     */
    public static JobCertificate read(Path file) throws IOException {
        return ofPem(file.toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
    }

    /**
     * Reads an unencrypted key and a certificate in PEM form.
     *
     * @param where the text was found, for the message
     * @throws IOException if it does not hold both
     */
    static JobCertificate ofPem(String where, String text) throws IOException {
        try {
            return new JobCertificate(block(KEY, text), block(CERTIFICATE, text));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(
                    "%s must hold a private key, unencrypted, and a certificate of it in PEM form: %s"
                            .formatted(where, e.getMessage()),
                    e);
        }
    }

    private static byte[] block(Pattern pattern, String text) throws GeneralSecurityException {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.find()) {
            throw new GeneralSecurityException(
                    "it has no '%s'"
                            .formatted(pattern == KEY ? "BEGIN PRIVATE KEY" : "BEGIN CERTIFICATE"));
        }
        return Base64.getMimeDecoder().decode(matcher.group(1));
    }

    /** Both in PEM form. */
    String encoded() {
        return pem("PRIVATE KEY", key) + pem("CERTIFICATE", certificate);
    }

    private static String pem(String what, byte[] bytes) {
        return "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n"
                .formatted(what, Base64.getMimeEncoder().encodeToString(bytes).replace("\r", ""));
    }

    private static SSLContext context(byte[] key, byte[] certificate)
            throws GeneralSecurityException {
        X509Certificate decoded =
                (X509Certificate)
                        CertificateFactory.getInstance("X.509")
                                .generateCertificate(new ByteArrayInputStream(certificate));
        PrivateKey decodedKey =
                KeyFactory.getInstance(decoded.getPublicKey().getAlgorithm())
                        .generatePrivate(new PKCS8EncodedKeySpec(key));
        SSLContext context = SSLContext.getInstance(PROTOCOL);
        context.init(
                keyManagers(decodedKey, decoded).getKeyManagers(),
                new TrustManager[] {new Pinned(decoded)},
                null);
        return context;
    }

    private static KeyManagerFactory keyManagers(PrivateKey key, X509Certificate certificate)
            throws GeneralSecurityException {
        char[] unused = {}; // the store never leaves this process
        try {
            KeyStore store = KeyStore.getInstance("JKS");
            store.load(null, unused);
            store.setKeyEntry("job", key, unused, new X509Certificate[] {certificate});
            // SunX509 alone does not look whether the certificate is still valid.
            KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
            factory.init(store, unused);
            return factory;
        } catch (IOException e) {
            throw new IllegalStateException("bug: an empty key store can be made", e);
        }
    }

    /** One end of a new connection. */
    SSLEngine engine(boolean connects) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(connects);
        engine.setEnabledProtocols(new String[] {PROTOCOL});
        engine.setEnabledCipherSuites(new String[] {CIPHERS});
        if (!connects) {
            engine.setNeedClientAuth(true);
        }
        return engine;
    }

    @Override
    public String toString() {
        return "JobCertificate[hidden]";
    }

    /** Trusts one certificate; that the other end has its key is TLS's to find out. */
    private static final class Pinned extends X509ExtendedTrustManager {
        private final X509Certificate own;

        Pinned(X509Certificate own) {
            this.own = own;
        }

        private void check(X509Certificate[] chain) throws CertificateException {
            if (chain.length == 0 || !chain[0].equals(own)) {
                throw new CertificateException("another certificate than this end's");
            }
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            check(chain);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0]; // no authority: any certificate may be shown
        }
    }
}
