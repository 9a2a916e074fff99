package org.jhorovod.allreduce.rendezvous;

import java.io.IOException;
import java.io.UncheckedIOException;

/** Certificates for tests, made once, as a launcher makes one. */
public final class TestCertificates {
    /** That of a job. */
    public static final JobCertificate ONE = create();

    /** That of another job. */
    public static final JobCertificate OTHER = create();

    private TestCertificates() {}

    private static JobCertificate create() {
        try {
            return JobCertificate.create();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
