package org.jhorovod.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.translate.TranslateException;
import java.io.IOException;

/** How many images a model names rightly. */
final class ImageAccuracy {
    private ImageAccuracy() {}

    /**
     * The share of the images, 0 to 1, on this rank alone.
     *
     * @param images in memory
     * @param manager of the memory that is used meanwhile
     */
    static double of(Block block, RandomAccessDataset images, NDManager manager) {
        ParameterStore store = new ParameterStore(manager, false);
        long right = 0;
        long all = 0;
        try {
            for (Batch batch : images.getData(manager)) {
                try (batch) {
                    NDArray named = block.forward(store, batch.getData(), false).head().argMax(1);
                    NDArray labels = batch.getLabels().head();
                    right += named.eq(labels.reshape(named.getShape())).countNonzero().getLong();
                    all += named.size();
                }
            }
        } catch (IOException | TranslateException e) {
            throw new IllegalStateException("bug: the images are in memory, yet unreadable", e);
        }
        return (double) right / all;
    }
}
