package org.jhorovod.launcher.agent;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.rendezvous.Secret;

/**
 * A private folder with the job's secret in a private file, for the ranks of one host. They make
 * files of their own there too.
 *
 * @param path the folder
 */
public record SecretFolder(Path path) {
    private static final String PREFIX = "jhorovod-";
    private static final String FILE = "secret";

    /**
     * Creates the folder in memory, so that nothing of it reaches a disk, and puts the secret
     * there; in the system's temporary folder where no memory is to be had that way.
     */
    static SecretFolder create(Secret secret) throws IOException {
        try {
            return create(
                    Files.createTempDirectory(
                            Configuration.SHARED_MEMORY, PREFIX, permissions("rwx------")),
                    secret);
        } catch (IOException e) {
            return create(Files.createTempDirectory(PREFIX, permissions("rwx------")), secret);
        }
    }

    private static SecretFolder create(Path path, Secret secret) throws IOException {
        SecretFolder folder = new SecretFolder(path);
        try {
            Files.createFile(folder.file(), permissions("rw-------"));
            Files.writeString(folder.file(), secret.encoded(), StandardOpenOption.WRITE);
            return folder;
        } catch (IOException e) {
            folder.delete();
            throw e;
        }
    }

    private static FileAttribute<Set<PosixFilePermission>> permissions(String text) {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text));
    }

    /** The file that ranks read. */
    Path file() {
        return path.resolve(FILE);
    }

    /** Deletes the folder and what ranks have left in it; does nothing where it is gone. */
    public void delete() throws IOException {
        if (Files.exists(path)) {
            MoreFiles.deleteRecursively(path, RecursiveDeleteOption.ALLOW_INSECURE);
        }
    }
}
