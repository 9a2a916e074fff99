package org.jhorovod.examples;

import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;

/**
 * Measures how many images a second this rank trains on: from the end of an epoch's first batch to
 * the end of its last, so that neither warming up nor validating counts.
 */
final class TrainingClock extends TrainingListenerAdapter {

    private boolean running;
    private long lastNanos;
    private long trainingNanos;
    private long images;

    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        long now = System.nanoTime();
        if (running) {
            trainingNanos += now - lastNanos;
            images += batchData.getBatch().getSize();
        }
        lastNanos = now;
        running = true;
    }

    @Override
    public void onValidationBatch(Trainer trainer, BatchData batchData) {
        running = false;
    }

    /** Images a second on this rank; 0 if nothing was measured. */
    double imagesPerSecond() {
        return trainingNanos == 0 ? 0 : images * 1e9 / trainingNanos;
    }
}
