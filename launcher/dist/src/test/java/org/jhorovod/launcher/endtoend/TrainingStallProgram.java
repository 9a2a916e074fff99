package org.jhorovod.launcher.endtoend;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Record;
import ai.djl.training.loss.Loss;
import ai.djl.util.Progress;
import java.util.concurrent.TimeUnit;
import org.jhorovod.djl.DistributedTrainer;

/** Trains with {@link EasyTrain#fit} until rank 1 stays in its data loader, after some steps. */
public final class TrainingStallProgram {
    private static final int BATCH_SIZE = 4;
    private static final int SAMPLES_BEFORE = 5 * BATCH_SIZE;

    private TrainingStallProgram() {}

    /** Samples of which a rank may never get the next one. */
    static final class SlowImages extends RandomAccessDataset {
        private boolean staysAway;
        private int loaded;

        SlowImages() {
            super(new Builder());
        }

        private static final class Builder extends BaseBuilder<Builder> {
            Builder() {
                setSampling(BATCH_SIZE, false);
            }

            @Override
            protected Builder self() {
                return this;
            }
        }

        void stayAway() {
            staysAway = true;
        }

        @Override
        public Record get(NDManager manager, long index) {
            if (staysAway && loaded++ == SAMPLES_BEFORE) {
                readFromSlowDisk();
            }
            return new Record(
                    new NDList(manager.ones(new Shape(4))), new NDList(manager.ones(new Shape(1))));
        }

        private static void readFromSlowDisk() {
            try {
                TimeUnit.MINUTES.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        protected long availableSize() {
            return 10_000;
        }

        @Override
        public void prepare(Progress progress) {}
    }

    /** Runs the rank. */
    public static void main(String[] arguments) throws Exception {
        try (Model model = Model.newInstance("linear")) {
            model.setBlock(Linear.builder().setUnits(1).build());
            SlowImages images = new SlowImages();
            try (DistributedTrainer trainer =
                    DistributedTrainer.create(model, new DefaultTrainingConfig(Loss.l2Loss()))) {
                trainer.initialize(new Shape(1, 4));
                if (trainer.rank() == 1) {
                    images.stayAway();
                }
                EasyTrain.fit(trainer, 1, images, null);
            }
        }
    }
}
