package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class IdxFileTest {

    private static final int MATRIX = 0x0802;

    @Test
    void read_givesSizesAndElements() throws IOException {
        byte[] file = gzip(idx(MATRIX, 2, 3, 1, 2, 3, 4, 5, 6));

        IdxFile idx = IdxFile.read(stream(file), "matrix.gz", 2);

        assertThat(idx.size(0)).isEqualTo(2);
        assertThat(idx.size(1)).isEqualTo(3);
        assertThat(idx.elements()).containsExactly(1, 2, 3, 4, 5, 6);
    }

    @Test
    void read_saysThatTheFileEndsTooEarly_whenElementsAreMissing() throws IOException {
        byte[] file = gzip(idx(MATRIX, 2, 3, 1, 2, 3, 4));

        assertThatThrownBy(() -> IdxFile.read(stream(file), "matrix.gz", 2))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("matrix.gz ends too early")
                .hasMessageContaining("4 of 6 bytes")
                .hasMessageContaining("get the file again");
    }

    @Test
    void read_saysThatTheFileEndsTooEarly_whenTheCompressedFileIsCut() throws IOException {
        byte[] file = gzip(idx(MATRIX, 2, 3, 1, 2, 3, 4, 5, 6));
        byte[] cut = Arrays.copyOf(file, file.length - 12);

        assertThatThrownBy(() -> IdxFile.read(stream(cut), "matrix.gz", 2))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("matrix.gz ends too early");
    }

    @Test
    void read_refusesAnotherKindOfFile() throws IOException {
        byte[] labels = gzip(idx(0x0801, 2, 7, 1));

        assertThatThrownBy(() -> IdxFile.read(stream(labels), "matrix.gz", 2))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("matrix.gz is not what its name says")
                .hasMessageContaining("0x00000801")
                .hasMessageContaining("0x00000802");
    }

    @Test
    void read_refusesAFileThatIsNotCompressed() {
        byte[] plain = idx(MATRIX, 2, 3, 1, 2, 3, 4, 5, 6);

        assertThatThrownBy(() -> IdxFile.read(stream(plain), "matrix.gz", 2))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("matrix.gz is not a gzip file");
    }

    @Test
    void read_refusesSizesThatNoFileCanHave() throws IOException {
        byte[] huge = gzip(idx(MATRIX, 1 << 30, 1 << 30));
        byte[] negative = gzip(idx(MATRIX, 2, -3));

        assertThatThrownBy(() -> IdxFile.read(stream(huge), "matrix.gz", 2))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("matrix.gz is damaged");
        assertThatThrownBy(() -> IdxFile.read(stream(negative), "matrix.gz", 2))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("-3 elements");
    }

    /** A matrix file: magic number and two sizes as integers, the rest as bytes. */
    private static byte[] idx(int magic, int rows, int columns, int... elements) {
        ByteBuffer file = ByteBuffer.allocate(12 + elements.length);
        file.putInt(magic).putInt(rows).putInt(columns);
        for (int element : elements) {
            file.put((byte) element);
        }
        return file.array();
    }

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(compressed)) {
            out.write(plain);
        }
        return compressed.toByteArray();
    }

    private static InputStream stream(byte[] bytes) {
        return new ByteArrayInputStream(bytes);
    }
}
