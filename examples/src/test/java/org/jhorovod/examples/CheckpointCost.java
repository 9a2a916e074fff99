package org.jhorovod.examples;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import org.jhorovod.djl.Checkpoints;
import org.jhorovod.djl.DistributedConfig;
import org.jhorovod.djl.DistributedTrainer;

/**
 * What it costs to write a checkpoint of resnet18 with Adam every 20 steps: one is written every 40
 * steps, and the 20 steps from there are compared with the 20 that follow, round by round.
 *
 * <p>Arguments: the folder for the checkpoints, and how many rounds.
 */
public final class CheckpointCost {
    private static final int BLOCK = 20;

    private CheckpointCost() {}

    /** Prints on rank 0 the seconds of both kinds of blocks, and their ratio. */
    public static void main(String[] args) throws Exception {
        int rounds = Integer.parseInt(args[1]);
        Checkpoints checkpoints =
                Checkpoints.builder().setFolder(Path.of(args[0])).optEverySteps(2 * BLOCK).build();
        DistributedConfig distributed =
                DistributedConfig.builder().optCheckpoints(checkpoints).build();
        try (NDManager manager = NDManager.newBaseManager();
                Model model = Model.newInstance("resnet18")) {
            model.setBlock(PerfModel.RESNET18.create());
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                            .optOptimizer(Optimizer.adam().build());
            try (DistributedTrainer trainer =
                    DistributedTrainer.create(model, config, distributed)) {
                trainer.initialize(PerfModel.RESNET18.images(1));
                measure(trainer, images(manager, trainer.communicator().size(), rounds), rounds);
            }
        }
    }

    private static Iterator<Batch> images(NDManager manager, int ranks, int rounds) {
        // Few images, each many times in one pass: at the end of a pass there is a checkpoint too.
        int batch = PerfModel.RESNET18.batch();
        NDArray images =
                manager.randomNormal(PerfModel.RESNET18.images(Math.multiplyExact(batch, ranks)));
        NDArray labels = manager.zeros(new Shape((long) batch * ranks));
        return new Iterator<>() {
            private long left = 2L * BLOCK * (rounds + 1);

            @Override
            public boolean hasNext() {
                return left > 0;
            }

            @Override
            public Batch next() {
                left--;
                NDManager own = manager.newSubManager();
                NDList data = new NDList(images.get("0:" + batch));
                NDList label = new NDList(labels.get("0:" + batch));
                data.attach(own);
                label.attach(own);
                return new Batch(own, data, label, batch, null, null, 0, 0);
            }
        };
    }

    private static void measure(DistributedTrainer trainer, Iterator<Batch> batches, int rounds) {
        double[] ratios = new double[rounds];
        double sumWith = 0;
        double sumWithout = 0;
        seconds(trainer, batches, 2 * BLOCK - 1); // the next step is one that writes
        for (int round = 0; round < rounds; round++) {
            double with = seconds(trainer, batches, BLOCK);
            double without = seconds(trainer, batches, BLOCK);
            ratios[round] = with / without;
            sumWith += with;
            sumWithout += without;
            if (trainer.rank() == 0) {
                System.out.printf("%.2f s %.2f s %.4f%n", with, without, ratios[round]);
            }
        }
        Arrays.sort(ratios);
        if (trainer.rank() == 0) {
            System.out.printf(
                    "%d rounds: median %.4f (%.4f to %.4f), of all steps together %.4f%n",
                    rounds,
                    (ratios[rounds / 2] + ratios[(rounds - 1) / 2]) / 2,
                    ratios[0],
                    ratios[rounds - 1],
                    sumWith / sumWithout);
        }
    }

    private static double seconds(DistributedTrainer trainer, Iterator<Batch> batches, int steps) {
        long start = System.nanoTime();
        for (int i = 0; i < steps; i++) {
            try (Batch batch = batches.next()) {
                try (GradientCollector collector = trainer.newGradientCollector()) {
                    NDList predictions = trainer.forward(batch.getData(), batch.getLabels());
                    collector.backward(trainer.getLoss().evaluate(batch.getLabels(), predictions));
                }
                trainer.step();
            }
        }
        return (System.nanoTime() - start) / 1e9;
    }
}
