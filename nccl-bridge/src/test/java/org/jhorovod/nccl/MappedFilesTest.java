package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MappedFilesTest {

    @Test
    void files_areReadFromTheKernelsLines() {
        MappedFiles files =
                MappedFiles.parse(
                        Stream.of(
                                "7f1c00000000-7f1c00021000 rw-p 00000000 00:00 0 ",
                                "7f1c1a000000-7f1c1a028000 r--p 00000000 08:01 1312"
                                        + " /usr/lib/libc.so.6",
                                "7f1c1a028000-7f1c1a1bd000 r-xp 00028000 08:01 1312"
                                        + " /usr/lib/libc.so.6",
                                "7f1c1b000000-7f1c1b100000 r-xp 00000000 08:01 77   /home/a"
                                        + " b/libtorch_cuda.so",
                                "7ffc3b5c9000-7ffc3b5ea000 rw-p 00000000 00:00 0    [stack]"));
        assertThat(files.mappings()).hasSize(3);
        assertThat(files.at(0x7f1c1a028000L)).contains(Path.of("/usr/lib/libc.so.6"));
        assertThat(files.at(0x7f1c1a1bd000L)).isEmpty();
        assertThat(files.find(Pattern.compile("libtorch_.*\\.so")))
                .contains(Path.of("/home/a b/libtorch_cuda.so"));
    }

    @Test
    void thisProcess_hasMappedItsJvm() {
        assertThat(MappedFiles.ofThisProcess().find(Pattern.compile("libjvm\\.so"))).isPresent();
    }
}
