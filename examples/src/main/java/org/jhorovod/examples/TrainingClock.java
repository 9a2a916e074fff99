package org.jhorovod.examples;

import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import org.jhorovod.djl.DistributedTrainer;

/**
 * Measures how many images a second all ranks train on: from the end of an epoch's first batch to
 * the end of its last, so that neither warming up nor validating counts.
 */
final class TrainingClock extends TrainingListenerAdapter {

    private boolean running;
    private long lastNanos;
    private long lastImages;
    private long trainingNanos;
    private long images;

    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        long now = System.nanoTime();
        long stepped = ((DistributedTrainer) trainer).statistics().samples();
        if (running) {
            trainingNanos += now - lastNanos;
            images += stepped - lastImages;
        }
        lastNanos = now;
        lastImages = stepped;
        running = true;
    }

    @Override
    public void onValidationBatch(Trainer trainer, BatchData batchData) {
        running = false;
    }

    /** Images a second on all ranks; 0 if nothing was measured. */
    double imagesPerSecond() {
        return trainingNanos == 0 ? 0 : images * 1e9 / trainingNanos;
    }
}
