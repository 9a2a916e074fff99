package org.jhorovod.examples;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.djl.DistributedConfig;
import org.jhorovod.djl.DistributedTrainer;

/**
 * What it gains that samples are shared out by speed where one rank is slow: passes over the same
 * images with equal shares and with balanced ones, in turns in the same processes, loading
 * included.
 *
 * <p>Arguments: model of train-perf, images of a batch of each rank, steps of a pass, rounds, and
 * the file of processes of the control group that the last rank enters, which makes it slow.
 */
public final class BalanceGain {
    private static final int WARM_UP_PASSES = 2; // of each way

    private BalanceGain() {}

    /** Prints on rank 0 the images a second of both ways, and their ratio. */
    public static void main(String[] args) throws Exception {
        PerfModel model = PerfModel.valueOf(args[0].toUpperCase(Locale.ROOT));
        int batch = Integer.parseInt(args[1]);
        int steps = Integer.parseInt(args[2]);
        int rounds = Integer.parseInt(args[3]);
        Communicator communicator = JHorovod.init().planned();
        if (communicator.rank() == communicator.size() - 1) {
            Files.writeString(Path.of(args[4]), "" + ProcessHandle.current().pid());
        }
        try (NDManager manager = NDManager.newBaseManager(Device.cpu());
                Model equal = Model.newInstance("equal", Device.cpu());
                Model balanced = Model.newInstance("balanced", Device.cpu());
                DistributedTrainer byHeads = trainer(equal, model, false);
                DistributedTrainer bySpeed = trainer(balanced, model, true)) {
            int count = Math.multiplyExact(Math.multiplyExact(batch, communicator.size()), steps);
            ArrayDataset images =
                    new ArrayDataset.Builder()
                            .setData(manager.randomNormal(model.images(count)))
                            .optLabels(manager.zeros(new Shape(count), DataType.FLOAT32))
                            .setSampling(batch, false)
                            .build();
            measure(communicator, byHeads, bySpeed, images, rounds);
        }
    }

    private static DistributedTrainer trainer(
            Model model, PerfModel architecture, boolean balance) {
        model.setBlock(architecture.create());
        DistributedTrainer trainer =
                DistributedTrainer.create(
                        model,
                        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                                .optDevices(new Device[] {Device.cpu()})
                                .optOptimizer(
                                        Optimizer.sgd()
                                                .setLearningRateTracker(Tracker.fixed(0.01f))
                                                .build()),
                        DistributedConfig.builder().optBalance(balance).build());
        trainer.initialize(architecture.images(1));
        return trainer;
    }

    private static void measure(
            Communicator communicator,
            DistributedTrainer byHeads,
            DistributedTrainer bySpeed,
            ArrayDataset images,
            int rounds)
            throws Exception {
        for (int pass = 0; pass < WARM_UP_PASSES; pass++) {
            imagesPerSecond(byHeads, images);
            imagesPerSecond(bySpeed, images);
        }
        double[] balanced = new double[rounds];
        double[] equal = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            equal[round] = imagesPerSecond(byHeads, images);
            balanced[round] = imagesPerSecond(bySpeed, images);
            if (communicator.rank() == 0) {
                System.out.printf(
                        "equal %7.1f images/s, balanced %7.1f images/s, ratio %.2f%n",
                        equal[round], balanced[round], balanced[round] / equal[round]);
            }
        }
        tell(communicator, RankValues.ofEach(communicator, byHeads.statistics().waitingShare()));
        if (communicator.rank() == 0) {
            Bootstrap.Interval interval = Bootstrap.ofMedianRatio(balanced, equal);
            System.out.printf(
                    "%d rounds: balanced shares give %.2f times the images a second of equal ones"
                            + " (95 %% interval %.2f to %.2f)%n",
                    rounds,
                    StepTimes.median(balanced) / StepTimes.median(equal),
                    interval.low(),
                    interval.high());
        }
    }

    /** Tells how slow the slow rank has been, by what each has waited with equal shares. */
    private static void tell(Communicator communicator, double[] waitingShares) {
        if (communicator.rank() == 0) {
            double last = 1 - waitingShares[waitingShares.length - 1];
            System.out.printf(
                    "the last rank worked %.1f times as long on as many images as rank 0%n",
                    last / (1 - waitingShares[0]));
        }
    }

    /** Of all ranks together, over a pass. */
    private static double imagesPerSecond(DistributedTrainer trainer, ArrayDataset images)
            throws Exception {
        trainer.communicator().barrier("pass");
        long start = System.nanoTime();
        for (Batch batch : trainer.iterateDataset(images)) {
            try (batch) {
                try (GradientCollector collector = trainer.newGradientCollector()) {
                    NDList predictions = trainer.forward(batch.getData(), batch.getLabels());
                    collector.backward(trainer.getLoss().evaluate(batch.getLabels(), predictions));
                }
                trainer.step();
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        return images.size() / RankValues.largest(trainer.communicator(), seconds)[0];
    }
}
