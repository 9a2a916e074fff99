package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jhorovod.examples.FashionMnist;

/**
 * The first images of the Fashion-MNIST that comes with the examples: for tests that need a
 * training, but do not ask how much it learns.
 */
final class FewImages {
    private static final int TRAINING = 2_400;
    private static final int TEST = 400;
    private static final int IMAGE_BYTES = 28 * 28;

    private FewImages() {}

    /** Writes them into a new folder in this one, and gives the option that names it. */
    static String option(Path folder) throws IOException {
        return "--data=" + write(Files.createDirectory(folder.resolve("few-images")));
    }

    /** Writes them into a folder. */
    static Path write(Path folder) throws IOException {
        for (String part : new String[] {"train", "t10k"}) {
            int count = part.equals("train") ? TRAINING : TEST;
            copy(folder, part + "-images-idx3-ubyte.gz", 3, count, IMAGE_BYTES);
            copy(folder, part + "-labels-idx1-ubyte.gz", 1, count, 1);
        }
        return folder;
    }

    /** Copies the head of an IDX file, whose first dimension becomes the count. */
    private static void copy(Path folder, String name, int dimensions, int count, int elementBytes)
            throws IOException {
        InputStream bundled = FashionMnist.class.getResourceAsStream("fashion-mnist/" + name);
        assertThat(bundled).as(name).isNotNull();
        try (DataInputStream in = new DataInputStream(new GZIPInputStream(bundled));
                DataOutputStream out =
                        new DataOutputStream(
                                new GZIPOutputStream(
                                        Files.newOutputStream(folder.resolve(name))))) {
            out.writeInt(in.readInt());
            assertThat(in.readInt()).as("elements of " + name).isGreaterThan(count);
            out.writeInt(count);
            for (int dimension = 1; dimension < dimensions; dimension++) {
                out.writeInt(in.readInt());
            }
            out.write(in.readNBytes(count * elementBytes));
        }
    }
}
