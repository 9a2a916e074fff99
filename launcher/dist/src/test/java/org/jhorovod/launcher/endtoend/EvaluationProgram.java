package org.jhorovod.launcher.endtoend;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import org.jhorovod.djl.DistributedTrainer;

/** Trains a little, then evaluates until rank 1 stays away, in the middle of a pass. */
public final class EvaluationProgram {
    private static final long AS_GOOD_AS_FOR_EVER_MILLIS = 600_000;

    private EvaluationProgram() {}

    /** Runs the rank. */
    public static void main(String[] arguments) throws Exception {
        System.setProperty("ai.djl.offline", "true");
        try (Model model = Model.newInstance("linear")) {
            model.setBlock(Linear.builder().setUnits(1).build());
            NDManager manager = model.getNDManager();
            ArrayDataset dataset =
                    new ArrayDataset.Builder()
                            .setData(manager.ones(new Shape(64, 4)))
                            .optLabels(manager.ones(new Shape(64, 1)))
                            .setSampling(8, false)
                            .build();
            try (DistributedTrainer trainer =
                    DistributedTrainer.create(model, new DefaultTrainingConfig(Loss.l2Loss()))) {
                trainer.initialize(new Shape(1, 4));
                EasyTrain.fit(trainer, 1, dataset, dataset);
                evaluate(trainer, dataset);
            }
        }
    }

    private static void evaluate(DistributedTrainer trainer, ArrayDataset dataset)
            throws Exception {
        for (Batch batch : trainer.iterateDataset(dataset)) {
            EasyTrain.validateBatch(trainer, batch);
            batch.close();
            if (trainer.rank() == 1) {
                System.out.println("at evaluation pid=" + ProcessHandle.current().pid() + ".");
                Thread.currentThread().join(AS_GOOD_AS_FOR_EVER_MILLIS);
            }
        }
    }
}
