package org.jhorovod.examples;

import ai.djl.Device;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * A few batches of random images with random labels, made once. To be closed by whoever made them.
 */
final class SyntheticImages implements AutoCloseable {
    private static final int BATCHES = 10;

    private final NDManager manager = NDManager.newBaseManager(Device.cpu());
    private final List<NDList> images = new ArrayList<>();
    private final List<NDList> labels = new ArrayList<>();

    /**
     * Makes the batches.
     *
     * @param seed of the engine from here on; another one on each rank
     */
    SyntheticImages(PerfModel model, int batch, int seed) {
        manager.getEngine().setRandomSeed(seed);
        Shape shape = model.images(batch);
        for (int i = 0; i < BATCHES; i++) {
            images.add(new NDList(manager.randomNormal(shape)));
            labels.add(
                    new NDList(
                            manager.randomInteger(
                                            0, PerfModel.CLASSES, new Shape(batch), DataType.INT64)
                                    .toType(DataType.FLOAT32, false)));
        }
    }

    /** The images of a step: each batch in turn. */
    NDList images(long step) {
        return images.get((int) (step % BATCHES));
    }

    /** The labels of these images. */
    NDList labels(long step) {
        return labels.get((int) (step % BATCHES));
    }

    @Override
    public void close() {
        manager.close();
    }
}
