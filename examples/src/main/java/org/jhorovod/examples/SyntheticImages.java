package org.jhorovod.examples;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.ArrayDataset;

/**
 * Random images with random labels, made once on the device that trains with them: a few batches
 * for each rank, the same on all. To be closed by whoever made them.
 */
final class SyntheticImages implements AutoCloseable {
    /** How many batches a rank has of a pass. */
    static final int BATCHES = 10;

    private static final int SEED = 100;

    private final NDManager manager;
    private final ArrayDataset dataset;

    /**
     * Makes them. The engine's random numbers start from another seed from here on.
     *
     * @param batch images of a batch
     * @param ranks that share them
     */
    SyntheticImages(PerfModel model, int batch, int ranks, Device device) {
        manager = NDManager.newBaseManager(device);
        manager.getEngine().setRandomSeed(SEED);
        int count = Math.multiplyExact(Math.multiplyExact(BATCHES, batch), ranks);
        NDArray labels =
                manager.randomInteger(0, PerfModel.CLASSES, new Shape(count), DataType.INT64);
        dataset =
                new ArrayDataset.Builder()
                        .setData(manager.randomNormal(model.images(count)))
                        .optLabels(labels.toType(DataType.FLOAT32, false))
                        .setSampling(batch, false)
                        .build();
    }

    /** The images in their order. */
    ArrayDataset dataset() {
        return dataset;
    }

    /** Where they are. */
    Device device() {
        return manager.getDevice();
    }

    @Override
    public void close() {
        manager.close();
    }
}
