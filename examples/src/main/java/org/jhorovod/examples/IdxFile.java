package org.jhorovod.examples;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * The unsigned bytes of one gzip-compressed IDX file, the format of MNIST and Fashion-MNIST.
 *
 * <p>The format: two zero bytes, the element type (8 = unsigned byte), the number of dimensions,
 * each dimension's size as a big-endian integer, then the elements. Immutable as long as nobody
 * writes to {@link #elements()}.
 */
final class IdxFile {

    private static final int UNSIGNED_BYTES = 0x0800;

    private final int[] sizes;
    private final byte[] elements;

    private IdxFile(int[] sizes, byte[] elements) {
        this.sizes = sizes;
        this.elements = elements;
    }

    /**
     * Reads a whole file and closes the stream.
     *
     * @param name names the file in messages
     * @param dimensions how many dimensions the file must have
     * @throws DataException if this is not such a file, or ends too early
     */
    static IdxFile read(InputStream compressed, String name, int dimensions) {
        try (InputStream closed = compressed;
                DataInputStream in = new DataInputStream(new GZIPInputStream(closed, 1 << 16))) {
            int magic = in.readInt();
            if (magic != UNSIGNED_BYTES + dimensions) {
                throw new DataException(
                        "%s is not what its name says: it starts with 0x%08X, where 0x%08X stands for bytes in %d dimension(s). Get the file again; it may have been swapped with another."
                                .formatted(name, magic, UNSIGNED_BYTES + dimensions, dimensions));
            }
            int[] sizes = new int[dimensions];
            long expected = 1;
            for (int i = 0; i < dimensions; i++) {
                sizes[i] = in.readInt();
                expected = multiply(expected, sizes[i], name);
            }
            byte[] elements = in.readNBytes((int) expected);
            if (elements.length < expected) {
                throw new EOFException(elements.length + " of " + expected + " bytes are there");
            }
            return new IdxFile(sizes, elements);
        } catch (ZipException e) {
            throw new DataException(
                    "%s is not a gzip file, or is damaged: %s. Get the file again, and leave it compressed."
                            .formatted(name, e.getMessage()),
                    e);
        } catch (EOFException e) {
            throw new DataException(
                    "%s ends too early (%s). The download or copy broke off: get the file again."
                            .formatted(name, e.getMessage()),
                    e);
        } catch (IOException e) {
            throw new DataException(
                    "%s cannot be read: %s. Check the disk and the file's permissions."
                            .formatted(name, e.getMessage()),
                    e);
        }
    }

    private static long multiply(long product, int size, String name) {
        if (size < 1 || product * size > Integer.MAX_VALUE - 8) {
            throw new DataException(
                    "%s is damaged: its header speaks of a dimension of %d elements. Get the file again."
                            .formatted(name, size));
        }
        return product * size;
    }

    /** How many elements the dimension has. */
    int size(int dimension) {
        return sizes[dimension];
    }

    /** All elements, the last dimension running fastest; not a copy. */
    byte[] elements() {
        return elements;
    }
}
