package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(10)
class InvitationFileTest {
    private final Invitation invitation = invitation(29400);
    @TempDir Path folder;
    private InvitationFile file;

    private static Invitation invitation(int port) {
        return new Invitation(Secret.random(), port, List.of(InetAddress.getLoopbackAddress()));
    }

    @BeforeEach
    void nameFile() {
        file = new InvitationFile(folder.resolve("new/deep"), "step");
    }

    @Test
    void file_isReadable_byItsOwnerAlone_andNothingLiesBesideIt() throws IOException {
        file.write(invitation);
        assertThat(file.read()).hasValueSatisfying(this::isOurs);
        assertThat(permissions(file.path())).isEqualTo("rw-------");
        assertThat(permissions(folder.resolve("new/deep"))).isEqualTo("rwx------");
        assertThat(folder.resolve("new/deep")).isDirectoryContaining("glob:**/step");
        try (var files = Files.list(folder.resolve("new/deep"))) {
            assertThat(files).hasSize(1);
        }
    }

    private void isOurs(Invitation found) {
        assertThat(found.encode()).isEqualTo(invitation.encode());
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void nothing_isFound_beforeTheFolderIsThere_andAfterTheFileIsDeleted() throws IOException {
        assertThat(file.read()).isEmpty();
        file.write(invitation);
        file.delete();
        assertThat(file.read()).isEmpty();
        file.delete();
    }

    @Test
    void invitation_replacesTheOneOfAJobThatDied() throws IOException {
        file.write(invitation(1));
        file.write(invitation);
        assertThat(file.read()).hasValueSatisfying(this::isOurs);
    }

    @Test
    void file_isNotBelieved_whereOthersMayReadIt() throws IOException {
        file.write(invitation);
        Files.setPosixFilePermissions(file.path(), PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(file::read)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("with the permissions rw-r-----, but must be of user");
    }

    @Test
    void file_isNotBelieved_whereItIsALink() throws IOException {
        file.write(invitation);
        Path target = Files.move(file.path(), folder.resolve("target"));
        Files.createSymbolicLink(file.path(), target);
        assertThatThrownBy(file::read).hasMessageContaining("with the permissions rwxrwxrwx");
    }

    @Test
    void file_isNotBelieved_whereItBelongsToSomebodyElse() throws IOException {
        Assumptions.assumeTrue(
                "root".equals(System.getProperty("user.name")), "needs root, to give files away");
        file.write(invitation);
        Files.setAttribute(file.path(), "unix:uid", 12345);
        assertThatThrownBy(file::read)
                .hasMessageContaining("it belongs to user 12345")
                .hasMessageContaining("must be of user 0 alone");
    }

    @Test
    void file_thatHoldsSomethingElse_isAFault() throws IOException {
        file.write(invitation);
        Files.writeString(file.path(), "nonsense");
        assertThatThrownBy(file::read).isInstanceOf(IOException.class);
    }
}
