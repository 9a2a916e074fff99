package org.jhorovod.allreduce;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/*
 * Note [Why a file may hold the job's secret]
 * Ranks that srun starts share no secret, and Slurm gives them none. What they do share is a user
 * and, on nearly every cluster, that user's files. So rank 0 leaves the secret in a file that only
 * its user may read, and takes it away when all have met. A rank believes only a file that belongs
 * to its own user and that nobody else may read or write: whoever can make such a file can also
 * read the job's memory.
 */
/** Where rank 0 leaves word for the others how they reach it. */
final class InvitationFile {
    private static final Set<PosixFilePermission> OF_OWNER =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private final Path file;

    InvitationFile(Path folder, String name) {
        this.file = folder.toAbsolutePath().resolve(name);
    }

    Path path() {
        return file;
    }

    /** Leaves an invitation, in place of what an earlier job of that name may have left. */
    void write(Invitation invitation) throws IOException {
        Path folder = folder();
        Files.createDirectories(folder, permissions("rwx------"));
        Path whole =
                Files.createTempFile(
                        folder, file.getFileName() + "-", ".new", permissions("rw-------"));
        try {
            Files.write(whole, invitation.encode());
            Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(whole);
        }
    }

    private Path folder() {
        Path folder = file.getParent();
        if (folder == null) {
            throw new IllegalStateException("bug: a file's name is not that of a folder");
        }
        return folder;
    }

    private static FileAttribute<Set<PosixFilePermission>> permissions(String text) {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text));
    }

    /**
     * What rank 0 has left; empty if nothing is there yet.
     *
     * @throws IOException if what is there cannot be read, or is not of this user alone
     */
    Optional<Invitation> read() throws IOException {
        // NFS remembers for a while that a file was not there, unless somebody opens the folder.
        try (DirectoryStream<Path> unused = Files.newDirectoryStream(folder())) {
            requireOwn();
            return Optional.of(Invitation.decode(Files.readAllBytes(file)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private void requireOwn() throws IOException {
        Object owner = Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        Object self = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        Set<PosixFilePermission> permissions =
                Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS);
        if (!owner.equals(self) || !OF_OWNER.containsAll(permissions)) {
            throw new IOException(
                    "it belongs to user %s with the permissions %s, but must be of user %s alone"
                            .formatted(owner, PosixFilePermissions.toString(permissions), self));
        }
    }

    /** Takes the invitation away. */
    void delete() throws IOException {
        Files.deleteIfExists(file);
    }
}
