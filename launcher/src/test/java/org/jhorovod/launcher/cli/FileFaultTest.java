package org.jhorovod.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import org.junit.jupiter.api.Test;

class FileFaultTest {

    @Test
    void fault_hasWords_whereJavaHasNone() {
        assertThat(FileFault.of(new DirectoryNotEmptyException("/a")))
                .isEqualTo("/a is a folder that is not empty");
        assertThat(FileFault.of(new FileSystemException("/a"))).isEqualTo("/a cannot be used");
    }
}
