package org.jhorovod.allreduce;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.JobCertificate;
import org.jhorovod.allreduce.rendezvous.Secret;

/** By which certificate a job's connections are encrypted, if they are to be. */
final class Encryption {
    private Encryption() {}

    /**
     * The secret with the certificate that it brings from the launcher, or else with that of the
     * file that the configuration names, or else with none.
     *
     * @throws ConfigurationException if the file cannot be used
     */
    static Secret with(Secret secret, Configuration configuration) {
        Optional<Path> file = configuration.find(Settings.TLS_FILE);
        if (secret.isEncrypting() || file.isEmpty()) {
            return secret;
        }
        try {
            return secret.with(JobCertificate.read(file.get()));
        } catch (IOException e) {
            throw new ConfigurationException(
                    List.of(
                            "JHOROVOD_TLS_FILE cannot be used: %s. The file must be on this host, and the same for all ranks."
                                    .formatted(e)));
        }
    }

    /** The membership with such a secret. */
    static Membership with(Membership membership, Configuration configuration) {
        Secret secret = with(membership.secret(), configuration);
        return new Membership(
                membership.topology(),
                membership.generation(),
                membership.store(),
                secret,
                membership.address());
    }
}
