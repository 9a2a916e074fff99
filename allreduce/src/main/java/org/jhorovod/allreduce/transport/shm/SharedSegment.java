package org.jhorovod.allreduce.transport.shm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Memory of one rank that others of its host have mapped too. The file behind it is only a name to
 * find it by, and is removed as soon as all have.
 */
public final class SharedSegment {
    // Whole pages, so that each mapping starts at one, and the most that a buffer can have.
    private static final int MAPPING_BYTES = Integer.MAX_VALUE / (64 << 10) * (64 << 10);
    private static final int ZEROS_BYTES = 1 << 20;
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final List<ByteBuffer> memory;

    private SharedSegment(List<ByteBuffer> memory) {
        this.memory = memory;
    }

    /**
     * Makes a segment of zeros.
     *
     * @throws IOException if there is not enough space; nothing is left then
     */
    static SharedSegment create(Path file, long byteCount) throws IOException {
        Set<StandardOpenOption> options =
                Set.of(
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        try (FileChannel channel = FileChannel.open(file, options, OWNER_ONLY)) {
            fill(channel, byteCount);
            return new SharedSegment(map(channel, byteCount));
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    /** Space that is missing must show here: a page that cannot be had later ends the JVM. */
    private static void fill(FileChannel channel, long byteCount) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(ZEROS_BYTES);
        for (long left = byteCount; left > 0; ) {
            zeros.clear().limit((int) Math.min(left, ZEROS_BYTES));
            left -= channel.write(zeros);
        }
    }

    /** Maps the segment of another rank. */
    public static SharedSegment open(Path file, long byteCount) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (channel.size() != byteCount) {
                throw new IOException(
                        "%s has %d bytes, not %d".formatted(file, channel.size(), byteCount));
            }
            return new SharedSegment(map(channel, byteCount));
        }
    }

    private static List<ByteBuffer> map(FileChannel channel, long byteCount) throws IOException {
        List<ByteBuffer> memory = new ArrayList<>();
        for (long offset = 0; offset < byteCount; offset += MAPPING_BYTES) {
            long bytes = Math.min(MAPPING_BYTES, byteCount - offset);
            memory.add(
                    channel.map(MapMode.READ_WRITE, offset, bytes).order(ByteOrder.nativeOrder()));
        }
        return List.copyOf(memory);
    }

    /** The whole memory in order. */
    public List<ByteBuffer> memory() {
        return memory;
    }

    /** The memory from an offset on: at least one byte, at most as many as asked for. */
    public ByteBuffer view(long byteOffset, long maxByteCount) {
        ByteBuffer piece = memory.get((int) (byteOffset / MAPPING_BYTES));
        int offset = (int) (byteOffset % MAPPING_BYTES);
        int bytes = (int) Math.min(maxByteCount, piece.capacity() - offset);
        return piece.slice(offset, bytes).order(ByteOrder.nativeOrder());
    }
}
