package org.jhorovod.examples;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.TranslateException;
import com.google.common.base.Stopwatch;
import com.google.common.math.Quantiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.djl.DistributedTrainer;
import org.jspecify.annotations.Nullable;

/** One training in one way; all ranks make the same. Owned by the training thread. */
final class WayRun implements AutoCloseable {
    /** That are evaluated in one pause. */
    private static final int COPIES = 4;

    private static final double EVALUATE_SECONDS = 20;

    private final SlowLinkOptions options;
    private final TrainingWay way;
    private final Communicator communicator = JHorovod.communicator().planned();
    private final RandomAccessDataset training;
    private final Model model;
    private final Trainer trainer;
    private final Optional<Exam> exam; // on rank 0
    private final int stepsBetweenCopies;
    private final Stopwatch watch = Stopwatch.createUnstarted();
    private final List<Double> stepMillis = new ArrayList<>();
    private OptionalLong sentBefore = OptionalLong.empty();
    private double evaluatedAt;

    /**
     * Starts a model, with the same parameters in each way.
     *
     * @param training lent, with as many whole batches for each rank
     * @param test lent
     */
    WayRun(
            SlowLinkOptions options,
            TrainingWay way,
            RandomAccessDataset training,
            RandomAccessDataset test) {
        this.options = options;
        this.way = way;
        this.training = training;
        long batches = training.size() / communicator.size() / options.batch();
        this.stepsBetweenCopies = (int) Math.min(options.every(), batches);
        this.model = Model.newInstance(way.name());
        model.setBlock(PerfModel.MLP.create());
        model.getNDManager().getEngine().setRandomSeed(options.seed());
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optOptimizer(
                                Optimizer.sgd()
                                        .setLearningRateTracker(Tracker.fixed(options.rate()))
                                        .build());
        this.trainer = DistributedTrainer.create(model, config, way.config(options.seed()));
        trainer.initialize(PerfModel.MLP.images(1));
        this.exam =
                communicator.rank() == 0
                        ? Optional.of(new Exam(PerfModel.MLP, test, options.accuracy()))
                        : Optional.empty();
    }

    /** Trains until the accuracy is reached or the time is up; the curve is rank 0's alone. */
    Optional<AccuracyCurve> run() throws IOException, TranslateException {
        communicator.barrier("way " + way.name());
        sentBefore = SentBytes.now();
        watch.start();
        boolean isOver = false;
        while (!isOver) {
            int inPass = 0;
            // Copies are made after as many steps of each pass, when sites have just agreed.
            for (Batch batch : trainer.iterateDataset(training)) {
                step(batch);
                inPass++;
                if (inPass % stepsBetweenCopies == 0 && look()) {
                    isOver = true;
                    break;
                }
            }
        }
        double median = Quantiles.median().compute(stepMillis);
        return exam.map(it -> new AccuracyCurve(way.name(), median, it.points()));
    }

    private void step(Batch batch) {
        long start = System.nanoTime();
        try (batch) {
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDList predictions = trainer.forward(batch.getData(), batch.getLabels());
                NDArray loss = trainer.getLoss().evaluate(batch.getLabels(), predictions);
                collector.backward(loss);
            }
            trainer.step();
        }
        stepMillis.add((System.nanoTime() - start) / 1e6);
    }

    /** Rank 0 looks at how far the training is, and tells all whether it is over. */
    private boolean look() {
        boolean isOver = exam.isPresent() && examine(exam.get());
        return RankValues.sum(communicator, isOver ? 1 : 0) > 0;
    }

    private boolean examine(Exam its) {
        double seconds = watch.elapsed(TimeUnit.NANOSECONDS) / 1e9;
        its.note(model.getBlock(), new CurvePoint(stepMillis.size(), seconds, 0, sent()));
        boolean isTimeUp = seconds >= options.seconds();
        if (isTimeUp || its.pending() >= COPIES || seconds - evaluatedAt >= EVALUATE_SECONDS) {
            evaluatedAt = seconds;
            watch.stop();
            its.evaluate();
            its.last()
                    .map(point -> SlowLinkTable.progress(way.name(), point))
                    .ifPresent(System.out::println);
            watch.start();
        }
        return isTimeUp || its.isPassed();
    }

    private @Nullable Long sent() {
        OptionalLong now = SentBytes.now();
        boolean isKnown = now.isPresent() && sentBefore.isPresent();
        return isKnown && !communicator.topology().isOneHost()
                ? now.getAsLong() - sentBefore.getAsLong()
                : null;
    }

    @Override
    public void close() {
        exam.ifPresent(Exam::close);
        trainer.close();
        model.close();
    }
}
