package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.params.provider.MethodSource;

/** The content of an IDX file of labels, which is compressed then. */
class IdxFileFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                ByteBuffer.allocate(11).putInt(0x0801).putInt(3).array(),
                ByteBuffer.allocate(8).putInt(0x0801).putInt(Integer.MAX_VALUE - 8).array(),
                ByteBuffer.allocate(8).putInt(0x0803).putInt(-1).array());
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aFile_isRefused_orHasItsElements(byte[] bytes) throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(compressed)) {
            out.write(bytes);
        }
        IdxFile file;
        try {
            file = IdxFile.read(new ByteArrayInputStream(compressed.toByteArray()), "labels", 1);
        } catch (DataException e) {
            assertThat(e).hasMessageContaining("labels");
            return;
        }
        assertThat(file.elements()).hasSize(file.size(0));
    }
}
