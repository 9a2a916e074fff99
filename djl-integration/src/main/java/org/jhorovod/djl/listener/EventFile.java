package org.jhorovod.djl.listener;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.zip.CRC32C;

/*
 * A file of TFRecords [1]. Each is the length of the data (8 bytes, little-endian), a checksum of
 * these 8 bytes, the data, and a checksum of it; a checksum is a CRC-32C, rotated by 15 bits and
 * shifted by a constant, because a CRC of what holds CRCs proves little.
 *
 * A record is handed to the operating system as a whole, by one write and without a buffer of our
 * own, so that a process that is killed leaves all records before it, and at most one that is cut.
 *
 * [1] https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
 */

/** A new file that events are added to. Closed by its owner; owned by one thread. */
final class EventFile implements AutoCloseable {
    private static final int MASK_DELTA = 0xa282ead8;
    private static final int ROTATED_BITS = 15;
    private static final int MOST_IN_A_SECOND = 1000;

    private final Path path;
    private final FileOutputStream out;
    private long byteCount; // of whole records

    private EventFile(Path path) throws IOException {
        this.path = path;
        this.out = new FileOutputStream(path.toFile());
    }

    /**
     * Makes a file of its own in a folder, which is made too if it is missing. TensorBoard reads a
     * folder's files in the order of their names, which begin with the time.
     */
    static EventFile create(Path folder, Instant time) throws IOException {
        Files.createDirectories(folder);
        for (int number = 0; number < MOST_IN_A_SECOND; number++) {
            String name =
                    "events.out.tfevents.%010d.jhorovod.%d.%d"
                            .formatted(
                                    time.getEpochSecond(), ProcessHandle.current().pid(), number);
            try {
                return new EventFile(Files.createFile(folder.resolve(name)));
            } catch (FileAlreadyExistsException e) {
                // of another training in this process: the next number
            }
        }
        throw new IOException("there are too many event files of this second");
    }

    Path path() {
        return path;
    }

    /** Adds an event; where that fails, the file ends with the one before. */
    void append(byte[] event) throws IOException {
        byte[] record = record(event);
        try {
            out.write(record);
            byteCount += record.length;
        } catch (IOException e) {
            cutAfterLastWhole(e);
            throw e;
        }
    }

    private void cutAfterLastWhole(IOException reason) {
        try {
            out.getChannel().truncate(byteCount);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    private static byte[] record(byte[] data) {
        ByteBuffer record =
                ByteBuffer.allocate(Long.BYTES + Integer.BYTES + data.length + Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(data.length);
        record.putInt(checksum(record.array(), Long.BYTES));
        record.put(data);
        record.putInt(checksum(data, data.length));
        return record.array();
    }

    private static int checksum(byte[] bytes, int byteCount) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, byteCount);
        return Integer.rotateRight((int) crc.getValue(), ROTATED_BITS) + MASK_DELTA;
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
