package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class MappedFilesFuzzTest {
    private static final Pattern NONE = Pattern.compile("no such file");

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "0-11111111111111111 r - 0 0 /long",
                        "0-1 r - 0 0 /\0",
                        "0-1 r - 0 0 /",
                        """
                        7f00-7f10 r-xp 00000000 08:01 123    /usr/lib/libnccl.so.2

                        """,
                        "7f20-7f30 rw-p 00000000 00:00 0 [heap]",
                        "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 /a b (deleted)")
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aTable_hasFiles_orNone(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        MappedFiles files = MappedFiles.parse(text.lines());

        assertThat(files.find(NONE)).isEmpty();
        assertThat(files.at(Long.MAX_VALUE)).isNotNull();
    }
}
