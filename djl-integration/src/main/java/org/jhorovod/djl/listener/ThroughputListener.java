package org.jhorovod.djl.listener;

import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.listener.TrainingListenerAdapter;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says from time to time how fast all ranks train together, and how long it will still take:
 *
 * <pre>{@code
 * Epoch 2 of 10 (35 %), step 1,234: 5,120 samples/s over 4 ranks, 12.0 % of the steps waiting,
 *     loss 0.4321 on rank 0, 12 min 30 s left
 * }</pre>
 *
 * <p>The speed is that of the last minute of training. Rank 0 logs; no rank waits for another. The
 * time left holds for {@code EasyTrain.fit}, and counts validation from the second epoch on. Owned
 * by the training thread.
 */
public final class ThroughputListener extends TrainingListenerAdapter {
    private static final Logger logger = LoggerFactory.getLogger(ThroughputListener.class);

    /** A speed that was measured for less says little about hours to come. */
    private static final long TRUSTED_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final int epochs;
    private final long everyNanos;

    private TrainingCount count = new TrainingCount();
    private Pace pace = new Pace();
    private TimeLeft timeLeft;
    private boolean hasStarted;
    private boolean isPaused;
    private long lineNanos;
    private long lastNanos;

    /**
     * Says so every ten seconds.
     *
     * @param epochs how many the training has, with those before a resume
     */
    public ThroughputListener(int epochs) {
        this(epochs, Duration.ofSeconds(10));
    }

    /**
     * Says so as often as wanted.
     *
     * @param epochs how many the training has, with those before a resume
     * @param every how much time shall lie between two lines
     */
    public ThroughputListener(int epochs, Duration every) {
        if (epochs < 1 || every.isNegative()) {
            throw new IllegalArgumentException(
                    "A training has at least one epoch and time between two lines, not %d and %s."
                            .formatted(epochs, every));
        }
        this.epochs = epochs;
        this.everyNanos = every.toNanos();
        this.timeLeft = new TimeLeft(epochs);
    }

    @Override
    public void onTrainingBegin(Trainer trainer) {
        count = new TrainingCount();
        pace = new Pace();
        timeLeft = new TimeLeft(epochs);
        hasStarted = false;
        isPaused = false;
    }

    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        count.batch(batchData);
        if (!TrainingCount.isFirstRank(trainer)) {
            return;
        }
        long now = System.nanoTime();
        long samples = count.samples(trainer);
        if (isPaused) {
            timeLeft.paused(now - lastNanos);
            isPaused = false;
        }
        pace.batch(now, samples);
        if (!hasStarted) {
            timeLeft.resumed(count.resumedSamples(trainer));
        }
        timeLeft.batch(samples, share(batchData.getBatch()));
        lastNanos = now;
        if (!hasStarted) {
            hasStarted = true;
            lineNanos = now;
        } else if (now - lineNanos >= everyNanos) {
            lineNanos = now;
            logger.info(line(trainer).text());
        }
    }

    private static double share(Batch batch) {
        return batch.getProgressTotal() > 0
                ? (double) batch.getProgress() / batch.getProgressTotal()
                : Double.NaN;
    }

    private ThroughputLine line(Trainer trainer) {
        OptionalDouble speed = pace.samplesPerSecond();
        Optional<Duration> left =
                speed.isPresent() && pace.measuredNanos() >= TRUSTED_NANOS
                        ? timeLeft.estimate(count.epochs(trainer), speed.getAsDouble())
                        : Optional.empty();
        return new ThroughputLine(
                count.epochs(trainer) + 1,
                epochs,
                timeLeft.shareOfEpoch(),
                count.steps(trainer),
                speed,
                TrainingCount.ranks(trainer),
                TrainingCount.waitingShare(trainer),
                Figures.trainedSoFar(trainer.getLoss()),
                left);
    }

    @Override
    public void onValidationBatch(Trainer trainer, BatchData batchData) {
        pace.pause();
    }

    @Override
    public void onEpoch(Trainer trainer) {
        count.epochEnded();
        if (TrainingCount.isFirstRank(trainer)) {
            pace.pause();
            timeLeft.epochEnded(count.samples(trainer));
            isPaused = hasStarted;
        }
    }
}
