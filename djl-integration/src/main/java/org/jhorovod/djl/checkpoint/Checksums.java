package org.jhorovod.djl.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/*
 * The file CHECKSUMS has a line "CRC32C LENGTH NAME" for each other file of the checkpoint, in the
 * order of their names, and as last line the CRC32C of the lines before. It is compared with what
 * the files give, as one text: no byte of it can change without being seen. CRC32C finds every
 * single error of up to 32 bits, and others but for one in 4 thousand million; it is no defence
 * against somebody who changes files on purpose.
 */

/** What tells that the files of a checkpoint are as they were written. */
final class Checksums {
    static final String FILE = "CHECKSUMS";
    private static final int BLOCK = 1 << 20;

    private Checksums() {}

    /**
     * What one file has.
     *
     * @param value the CRC32C of its bytes
     */
    record Sum(long value, long byteCount) {}

    /** The text of the file. */
    static String text(Map<String, Sum> sums) {
        StringBuilder lines = new StringBuilder();
        new TreeMap<>(sums)
                .forEach(
                        (name, sum) ->
                                lines.append(
                                        "%08x %d %s\n"
                                                .formatted(sum.value(), sum.byteCount(), name)));
        CRC32C own = new CRC32C();
        own.update(lines.toString().getBytes(StandardCharsets.UTF_8));
        return lines + "%08x\n".formatted(own.getValue());
    }

    /** Reads files anew. */
    static SortedMap<String, Sum> of(Path folder, Iterable<String> names) throws IOException {
        SortedMap<String, Sum> sums = new TreeMap<>();
        ByteBuffer block = ByteBuffer.allocate(BLOCK);
        for (String name : names) {
            CRC32C crc = new CRC32C();
            long byteCount = 0;
            try (ReadableByteChannel in = Files.newByteChannel(folder.resolve(name))) {
                while (in.read(block.clear()) >= 0) {
                    crc.update(block.flip());
                    byteCount += block.limit();
                }
            }
            sums.put(name, new Sum(crc.getValue(), byteCount));
        }
        return sums;
    }

    /** Writes a snapshot to a channel, and says what was written. */
    static Sum write(SnapshotMemory bytes, WritableByteChannel out) throws IOException {
        CRC32C crc = new CRC32C();
        bytes.writeTo(
                new WritableByteChannel() {
                    @Override
                    public int write(ByteBuffer source) throws IOException {
                        ByteBuffer written = source.duplicate();
                        int count = out.write(source);
                        crc.update(written.limit(written.position() + count));
                        return count;
                    }

                    @Override
                    public boolean isOpen() {
                        return out.isOpen();
                    }

                    @Override
                    public void close() {
                        // The channel below is the caller's.
                    }
                });
        return new Sum(crc.getValue(), bytes.byteCount());
    }
}
