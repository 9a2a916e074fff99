package org.jhorovod.examples;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which images are trained on, and in which order; filled in by picocli. */
final class DataOptions {

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "Folder with the four IDX .gz files of the full Fashion-MNIST, such as"
                            + " /usr/share/datasets/fashion-mnist of Debian's package"
                            + " dataset-fashion-mnist. Default: the bundled subset of 12,000"
                            + " training and 2,000 test images.")
    private @Nullable Path folder; // null for the bundled ones

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "42",
            description =
                    "Seed of the initial parameters and of the data's order. Default:"
                            + " ${DEFAULT-VALUE}.")
    private int seed;

    int seed() {
        return seed;
    }

    /**
     * A part of the images that {@code --data} names, or of the bundled subset.
     *
     * @throws DataException if a file is missing or broken
     */
    LabelledImages images(LabelledImages.Part part) {
        return folder == null ? LabelledImages.bundled(part) : LabelledImages.in(folder, part);
    }
}
