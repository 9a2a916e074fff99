package org.jhorovod.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.RandomAccessDataset;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Grey images of 28 by 28 pixels with a class each, 0 to 9: one part of Fashion-MNIST. */
final class LabelledImages {

    static final int SIDE = 28;
    static final int CLASSES = 10;

    /** A part of the data set, by the name that its files start with. */
    enum Part {
        TRAINING("train"),
        TEST("t10k");

        private final String prefix;

        Part(String prefix) {
            this.prefix = prefix;
        }
    }

    private interface Source {
        InputStream open(String file) throws IOException;
    }

    private final IdxFile images;
    private final IdxFile labels;

    private LabelledImages(IdxFile images, IdxFile labels) {
        this.images = images;
        this.labels = labels;
    }

    /** The subset that comes with the examples: 12,000 training and 2,000 test images. */
    static LabelledImages bundled(Part part) {
        return read(
                part,
                "bundled:",
                file -> {
                    InputStream in =
                            LabelledImages.class.getResourceAsStream("fashion-mnist/" + file);
                    if (in == null) {
                        throw new NoSuchFileException(file);
                    }
                    return in;
                });
    }

    /**
     * The original files in a folder.
     *
     * @throws DataException if a file is missing or broken
     */
    static LabelledImages in(Path folder, Part part) {
        return read(part, folder + "/", file -> Files.newInputStream(folder.resolve(file)));
    }

    private static LabelledImages read(Part part, String where, Source source) {
        IdxFile images = open(where, part.prefix + "-images-idx3-ubyte.gz", 3, source);
        IdxFile labels = open(where, part.prefix + "-labels-idx1-ubyte.gz", 1, source);
        if (images.size(1) != SIDE || images.size(2) != SIDE) {
            throw new DataException(
                    "The images in %s%s-images-idx3-ubyte.gz are %d by %d pixels instead of 28 by 28. Name a folder with Fashion-MNIST or MNIST."
                            .formatted(where, part.prefix, images.size(1), images.size(2)));
        }
        if (images.size(0) != labels.size(0)) {
            throw new DataException(
                    "%s%s has %d images but %d labels: the two files are not of one data set. Get both again from one place."
                            .formatted(where, part.prefix, images.size(0), labels.size(0)));
        }
        return new LabelledImages(images, labels);
    }

    private static IdxFile open(String where, String file, int dimensions, Source source) {
        try {
            return IdxFile.read(source.open(file), where + file, dimensions);
        } catch (NoSuchFileException e) {
            throw new DataException(
                    where
                            + file
                            + " is not there. --data must name a folder with the four .gz files of"
                            + " Fashion-MNIST, such as /usr/share/datasets/fashion-mnist of"
                            + " Debian's package dataset-fashion-mnist (apt-get install"
                            + " dataset-fashion-mnist); without --data the bundled subset is used.",
                    e);
        } catch (IOException e) {
            throw new DataException(
                    "%s%s cannot be opened: %s. Check the file's permissions."
                            .formatted(where, file, e),
                    e);
        }
    }

    /** How many images there are. */
    int count() {
        return images.size(0);
    }

    /** The class of an image. */
    int label(int index) {
        return labels.elements()[index];
    }

    /**
     * A DJL data set of these images, scaled to 0..1, as float32 of shape (1, 28, 28).
     *
     * @param manager owns the data set's arrays
     * @param shuffled whether each pass takes them in another order
     */
    RandomAccessDataset dataset(NDManager manager, int batchSize, boolean shuffled) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray pixels =
                    scratch.create(
                            ByteBuffer.wrap(images.elements()),
                            new Shape(count(), 1, SIDE, SIDE),
                            DataType.UINT8);
            NDArray scaled = pixels.toType(DataType.FLOAT32, false).divi(255);
            NDArray classes =
                    scratch.create(
                                    ByteBuffer.wrap(labels.elements()),
                                    new Shape(count()),
                                    DataType.UINT8)
                            .toType(DataType.INT64, false);
            scaled.attach(manager);
            classes.attach(manager);
            return new ArrayDataset.Builder()
                    .setData(scaled)
                    .optLabels(classes)
                    .setSampling(batchSize, shuffled)
                    .build();
        }
    }
}
