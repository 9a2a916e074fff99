package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Communicator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A trainer whose gradients are those of all ranks of the job: the drop-in for {@code
 * model.newTrainer(config)}, under {@code EasyTrain.fit} and in hand-written loops alike.
 *
 * <pre>{@code
 * try (Model model = Model.newInstance("mlp")) {
 *     model.setBlock(block);
 *     try (Trainer trainer = DistributedTrainer.create(model, config)) {
 *         trainer.initialize(new Shape(1, 784));
 *         EasyTrain.fit(trainer, epochs, trainingSet, validationSet);
 *     }
 * }
 * }</pre>
 *
 * <p>Every rank runs the same program. {@link #initialize} gives all ranks the parameters of rank
 * 0; {@link #iterateDataset} hands each rank its own part of the data; {@link #step} averages the
 * gradients, weighted by samples, before the optimizer sees them. All ranks hold bitwise equal
 * parameters after every step. A loss is taken to be a mean over its batch, as DJL's are. The batch
 * size is the one of each rank and the learning rate is not scaled. In a job of one rank it behaves
 * as the trainer of {@code model.newTrainer(config)}.
 *
 * <p>{@code create}, {@code initialize}, {@code iterateDataset}, {@code step} and the end of a pass
 * wait for the other ranks and throw {@link org.jhorovod.allreduce.collective.CollectiveException}
 * where these fail. To be used by one thread. Closed by the caller; closing leaves the communicator
 * open.
 */
public final class DistributedTrainer extends Trainer {
    private static final Logger logger = LoggerFactory.getLogger(DistributedTrainer.class);

    private final TrainingConfig trainingConfig;
    private final DistributedConfig config;
    private final Communicator communicator;
    private final boolean alone;
    private final TrainerGroup group;
    private final int number;
    private final String name;
    private final MetricReducer metrics;
    private final SampleCounter counter = new SampleCounter();
    private final StepClock clock = new StepClock();
    private final Passes passes;

    private List<NamedParameter> parameters = List.of();
    private @Nullable StepReduction reduction; // null until initialised
    private @Nullable GradientUpdate update; // null before the first step
    private @Nullable Integer sharedSeed; // null until agreed
    private long checkedSteps; // how many had been made when the parameters were last compared

    private DistributedTrainer(
            Model model, TrainingConfig trainingConfig, DistributedConfig config) {
        super(model, trainingConfig);
        this.trainingConfig = trainingConfig;
        this.config = config;
        this.communicator = config.communicator();
        this.alone = communicator.size() == 1;
        this.group = TrainerGroup.of(communicator);
        this.metrics = new MetricReducer(communicator, getEvaluators());
        this.number = group.add(this);
        this.name = "trainer-" + number;
        this.passes = new Passes(communicator, name, number, group);
    }

    /**
     * Creates the trainer of this rank in the process's job, which is formed first if it is not
     * there yet.
     *
     * @param model with its block set; on the configuration's device
     * @param trainingConfig as for {@link Model#newTrainer}, with one device
     * @throws IllegalArgumentException if the configuration has more than one device
     */
    public static DistributedTrainer create(Model model, TrainingConfig trainingConfig) {
        return create(model, trainingConfig, DistributedConfig.builder().build());
    }

    /**
     * Creates the trainer of this rank.
     *
     * @param model with its block set; on the configuration's device
     * @param trainingConfig as for {@link Model#newTrainer}, with one device
     * @param config the same on all ranks
     * @throws IllegalArgumentException if the configuration has more than one device
     */
    public static DistributedTrainer create(
            Model model, TrainingConfig trainingConfig, DistributedConfig config) {
        requireOneDevice(model, trainingConfig);
        // The engine's own trainer is not used, but making it prepares the model: initialisers are
        // applied, and a loaded model is unfrozen.
        model.newTrainer(RankConfig.silent(trainingConfig)).close();
        Communicator communicator = config.communicator();
        TrainingConfig ofRank =
                communicator.size() == 1
                        ? trainingConfig
                        : RankConfig.of(trainingConfig, communicator);
        return new DistributedTrainer(model, ofRank, config);
    }

    private static void requireOneDevice(Model model, TrainingConfig trainingConfig) {
        Device[] devices = trainingConfig.getDevices();
        if (devices.length != 1) {
            throw new IllegalArgumentException(
                    "This rank would train on %d devices, but a rank has one. Start one rank per device (jhorovodrun -np %d), or choose one with optDevices(new Device[] {Device.gpu(0)})."
                            .formatted(devices.length, devices.length));
        }
        Device modelDevice = model.getNDManager().getDevice();
        if (!devices[0].equals(modelDevice)) {
            throw new IllegalArgumentException(
                    "The model is on %s, but the training configuration names %s. Create the model on the device that trains it: Model.newInstance(name, device)."
                            .formatted(modelDevice, devices[0]));
        }
    }

    /** The way to the other ranks; stays open when the trainer is closed. */
    public Communicator communicator() {
        return communicator;
    }

    /** This process's number, 0 to {@code communicator().size() - 1}. */
    public int rank() {
        return communicator.rank();
    }

    /** What this trainer has done so far. Does not block. */
    public StepStatistics statistics() {
        return clock.statistics();
    }

    /**
     * {@inheritDoc}
     *
     * <p>Then compares the models of all ranks, and gives all ranks the parameters of rank 0.
     *
     * @throws org.jhorovod.allreduce.collective.MismatchException if the models differ, naming the
     *     first difference and both ranks
     */
    @Override
    public void initialize(Shape... shapes) {
        synchronize(shapes);
        if (reduction != null) {
            reduction.prepare();
        }
    }

    private void synchronize(Shape... shapes) {
        super.initialize(shapes);
        update = null; // the block may have other parameters now
        if (alone) {
            return;
        }
        if (reduction != null) {
            reduction.close();
        }
        parameters = NamedParameter.of(getModel().getBlock());
        Optional<NativeGradients> gradients = NativeGradients.find(parameters);
        List<String> evaluators = getEvaluators().stream().map(Evaluator::getName).toList();
        ModelAgreement.require(
                communicator,
                name + "/model",
                ModelAgreement.describe(
                        config,
                        gradients.isPresent(),
                        evaluators,
                        AgreedStopping.count(trainingConfig.getTrainingListeners()),
                        parameters));
        ParameterBroadcast.run(communicator, name, parameters);
        reduction = StepReduction.of(config, group, number, name, parameters, gradients);
        // Dropout and augmentation are to differ between ranks.
        engine().setRandomSeed(sharedSeed() + rank());
    }

    private Engine engine() {
        return getManager().getEngine();
    }

    private int sharedSeed() {
        Integer seed = sharedSeed;
        if (seed == null) {
            seed = Seeds.agree(communicator, name, config.seed(), engine());
            sharedSeed = seed;
        }
        return seed;
    }

    /**
     * {@inheritDoc}
     *
     * <p>Between hosts its {@code backward} averages the gradients as well, once a step.
     */
    @Override
    public GradientCollector newGradientCollector() {
        GradientCollector collector = super.newGradientCollector();
        return alone ? collector : new WatchedCollector(collector, this::backward);
    }

    private void backward(Runnable pass) {
        StepReduction known = reduction;
        if (known == null) {
            pass.run();
        } else {
            known.backward(pass, this::takeSamples, clock.steps());
        }
    }

    @Override
    public NDList forward(NDList input) {
        beforeForward(input);
        return super.forward(input);
    }

    @Override
    public NDList forward(NDList data, NDList labels) {
        beforeForward(data);
        return super.forward(data, labels);
    }

    private void beforeForward(NDList data) {
        if (!alone && reduction == null) {
            // A collector is open by now, so the first gradients have to wait for step().
            synchronize(data.getShapes());
        }
        counter.onForward(data, group.batchOf(data));
        clock.forward(System.nanoTime());
    }

    /**
     * {@inheritDoc}
     *
     * <p>Averages the gradients and running statistics over all ranks first. Blocks until the other
     * ranks have called it too.
     */
    @Override
    public void step() {
        if (alone) {
            long samples = takeSamples();
            applyUpdate();
            clock.stepEnded(System.nanoTime(), samples, 0);
            return;
        }
        update(initialized().finish(this::takeSamples, clock.steps()));
        counter.take(); // what came after the last backward pass counts for no step
    }

    private StepReduction initialized() {
        StepReduction known = reduction;
        if (known == null) {
            throw new IllegalStateException(
                    "The trainer is not initialised. Call trainer.initialize(shapes) before"
                            + " step().");
        }
        return known;
    }

    /** What this rank's gradients weigh that have not been averaged. */
    private long takeSamples() {
        if (!alone && counter.isOwnData() && rank() == 0 && group.shouldTellUnsharded()) {
            logger.warn(
                    "A step outside of trainer.iterateDataset: JHorovod does not divide this data"
                            + " between the ranks. Iterate over trainer.iterateDataset(dataset),"
                            + " or give each rank its own part.");
        }
        long samples = counter.take();
        return samples == 0 ? samplesWithoutForward() : samples;
    }

    /** What a step weighs where nothing came by {@link #forward}. */
    private long samplesWithoutForward() {
        Pass.HandedBatch batch = group.batchInUse();
        if (batch != null) {
            return batch.samples();
        }
        // A program without passes computes its gradients in some other way; in one with passes
        // this rank has had no batch.
        return passes.isUsed() ? 0 : 1;
    }

    /**
     * Makes a step of ranks that still have data, to which this rank contributes what it has not
     * stepped yet, if anything.
     */
    void joinStep() {
        update(initialized().join(counter.take(), clock.steps()));
    }

    private void update(StepReduction.Averaged averaged) {
        applyUpdate();
        clock.stepEnded(System.nanoTime(), averaged.samples(), averaged.waitedNanos());
        if (config.checkSteps() > 0 && clock.steps() % config.checkSteps() == 0) {
            checkParameters();
        }
    }

    private void applyUpdate() {
        GradientUpdate known = update;
        if (known == null) {
            List<NamedParameter> all = NamedParameter.of(getModel().getBlock());
            known = new GradientUpdate(trainingConfig.getOptimizer(), all);
            update = known;
        }
        long start = System.nanoTime();
        known.apply();
        addMetric("step", start); // as DJL's own step does
    }

    /** Compares the parameters between the ranks, which have made the same steps. */
    private void checkParameters() {
        ParameterCheck.require(
                communicator, "%s after step %d".formatted(name, clock.steps()), parameters);
        checkedSteps = clock.steps();
    }

    /**
     * Hands out this rank's part of the data set: the data set's own sampler chooses the order over
     * the whole set, the same on all ranks, and each rank takes every {@code size}-th sample of it,
     * in batches of the data set's own size.
     *
     * <p>When the last batch is done, {@code hasNext()} waits for ranks that have one more, and
     * makes the evaluators' figures those of all ranks.
     *
     * <p>A data set that is no {@link RandomAccessDataset} cannot be divided: every rank works
     * through all of it.
     *
     * <p>To leave the pass by {@code break}, or to evaluate in the middle of it, do so after the
     * same batch on all ranks, before the first of them comes to its end. With several trainers,
     * all ranks step them in the same order.
     *
     * @return to be iterated once
     */
    @Override
    public Iterable<Batch> iterateDataset(Dataset dataset) throws IOException, TranslateException {
        if (alone) {
            return super.iterateDataset(dataset);
        }
        double[][] start = metrics.start();
        Pass pass =
                passes.open(
                        dataset,
                        this::sharedSeed,
                        new Passes.Reading(getManager(), getExecutorService().orElse(null)),
                        ended -> finish(ended, start));
        return pass::iterator;
    }

    /** Waits for ranks that have a batch more, and compares what all have come to. */
    private void finish(Pass pass, double[][] metricsAtStart) {
        group.joinUntilEnd(communicator, pass);
        metrics.finish(pass.name() + "/metrics", metricsAtStart);
        if (config.checkSteps() > 0 && clock.steps() > checkedSteps) {
            checkParameters();
        }
    }

    /** Lets the resources go but the communicator; waits shortly after a broken step. */
    @Override
    public void close() {
        group.remove(number);
        if (reduction != null) {
            reduction.close();
        }
        super.close();
    }
}
