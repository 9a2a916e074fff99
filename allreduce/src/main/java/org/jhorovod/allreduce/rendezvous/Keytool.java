package org.jhorovod.allreduce.rendezvous;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.config.Configuration;

/*
 * Note [Why keytool]
 * Java can read certificates and use them, but has no public way to make one. Its own program can,
 * and is in every runtime, as it comes with java.base. A library for it would be many times as
 * large as all of JHorovod.
 */
/** Java's own program for keys, called once. */
final class Keytool {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final String ALIAS = "job";
    private static final String VALID_DAYS = "36500"; // nobody looks, but it has to say something

    private final Path folder;

    private Keytool(Path folder) {
        this.folder = folder;
    }

    /** Makes a new key and its certificate; takes about a second. */
    static JobCertificate newCertificate() throws IOException, InterruptedException {
        Path folder = privateFolder();
        Keytool keytool = new Keytool(folder);
        try {
            String password = Secret.random().encoded();
            Files.writeString(keytool.password(), password);
            keytool.run();
            return keytool.read(password.toCharArray());
        } catch (GeneralSecurityException e) {
            throw new IOException("Java's keytool has made what Java cannot read: " + e, e);
        } finally {
            Files.deleteIfExists(keytool.store());
            Files.deleteIfExists(keytool.password());
            Files.deleteIfExists(folder);
        }
    }

    /** In memory where possible: a key on a disk may be found there later. */
    private static Path privateFolder() throws IOException {
        var permissions =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        try {
            return Files.createTempDirectory(
                    Configuration.SHARED_MEMORY, "jhorovod-key-", permissions);
        } catch (IOException e) {
            return Files.createTempDirectory("jhorovod-key-", permissions);
        }
    }

    private Path store() {
        return folder.resolve("store");
    }

    private Path password() {
        return folder.resolve("password");
    }

    private void run() throws IOException, InterruptedException {
        String program = Configuration.javaFolder().resolve("bin/keytool").toString();
        ProcessBuilder builder = new ProcessBuilder(program);
        builder.command().addAll(List.of("-J-XX:TieredStopAtLevel=1", "-genkeypair"));
        builder.command().addAll(List.of("-alias", ALIAS, "-dname", "CN=jhorovod"));
        builder.command().addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1"));
        builder.command().addAll(List.of("-sigalg", "SHA256withECDSA", "-validity", VALID_DAYS));
        builder.command().addAll(List.of("-storetype", "PKCS12", "-keystore", "" + store()));
        builder.command().addAll(List.of("-storepass:file", "" + password()));
        Path log = folder.resolve("log");
        try {
            Process process =
                    builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
            process.getOutputStream().close();
            if (!process.waitFor(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new IOException(
                        "%s has not ended within %d s".formatted(program, TIMEOUT.toSeconds()));
            }
            if (process.exitValue() != 0) {
                String said = Files.readString(log, StandardCharsets.ISO_8859_1).strip();
                throw new IOException(
                        "%s fails with exit code %d: %s"
                                .formatted(program, process.exitValue(), said));
            }
        } finally {
            Files.deleteIfExists(log);
        }
    }

    private JobCertificate read(char[] password) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store())) {
            store.load(in, password);
        }
        return new JobCertificate(
                store.getKey(ALIAS, password).getEncoded(),
                store.getCertificate(ALIAS).getEncoded());
    }
}
