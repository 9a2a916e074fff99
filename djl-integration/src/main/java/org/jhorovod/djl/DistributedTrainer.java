package org.jhorovod.djl;

import ai.djl.Model;
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
import org.jhorovod.djl.checkpoint.Description;
import org.jspecify.annotations.Nullable;

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
 * parameters after every step; with local steps, those of a site, and all ranks after every pass. A
 * loss is taken to be a mean over its batch, as DJL's are. The batch size is the one of each rank
 * and the learning rate is not scaled. In a job of one rank it behaves as the trainer of {@code
 * model.newTrainer(config)}.
 *
 * <p>{@code create}, {@code initialize}, {@code iterateDataset}, {@code step} and the end of a pass
 * wait for the other ranks and throw {@link org.jhorovod.allreduce.collective.CollectiveException}
 * where these fail. To be used by one thread. Closed by the caller; closing leaves the communicator
 * open.
 */
public final class DistributedTrainer extends Trainer {
    private final TrainingConfig trainingConfig;
    private final DistributedConfig config;
    private final Communicator communicator;
    private final boolean alone;
    private final TrainerGroup group;
    private final int number;
    private final String name;
    private final MetricReducer metrics;
    private final StepClock clock = new StepClock();
    private final Continuation continuation;
    private final Speeds speeds;
    private final Passes passes;
    private final StepSamples samples;
    private final LocalTraining local;
    private final StepReductions reductions;
    private final PeriodicCheck check;

    private List<NamedParameter> parameters = List.of();
    private Optional<NativeGradients> gradients = Optional.empty();
    private @Nullable GradientUpdate update; // null before the first step

    private DistributedTrainer(
            Model model, TrainingConfig trainingConfig, DistributedConfig config) {
        super(model, trainingConfig);
        this.trainingConfig = trainingConfig;
        this.config = config;
        this.communicator = config.communicator();
        this.alone = communicator.size() == 1;
        this.group = TrainerGroup.of(communicator);
        this.metrics = new MetricReducer(communicator, getEvaluators());
        this.number = group.add(this, LocalTraining.isPossible(config));
        this.name = "trainer-" + number;
        this.local = new LocalTraining(config, name);
        this.reductions = new StepReductions(config, local, group, number, name);
        this.continuation =
                new Continuation(
                        config, number, name, model, trainingConfig, clock, reductions.owed());
        this.speeds = new Speeds(config, name);
        this.passes =
                new Passes(
                        communicator, name, number, group, continuation.data(), speeds.balance());
        this.samples = new StepSamples(group, passes, !alone && communicator.rank() == 0);
        this.check = new PeriodicCheck(config, name, local::isByAgreement);
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
        OneDevice.require(model, trainingConfig);
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

    /** The way to the other ranks; stays open when the trainer is closed. */
    public Communicator communicator() {
        return communicator;
    }

    /** This process's number, 0 to {@code communicator().size() - 1}. */
    public int rank() {
        return communicator.rank();
    }

    /** How far the training is, over all of its attempts. Does not block. */
    public Progress progress() {
        return continuation.progress();
    }

    /** What this trainer has done so far, in this process. Does not block. */
    public StepStatistics statistics() {
        return clock.statistics();
    }

    /**
     * {@inheritDoc}
     *
     * <p>Then goes on from the newest checkpoint, if any are kept and there is one, compares the
     * models of all ranks, and gives all ranks the parameters of rank 0.
     *
     * @throws org.jhorovod.allreduce.collective.MismatchException if the models differ, naming the
     *     first difference and both ranks
     * @throws org.jhorovod.djl.checkpoint.CheckpointException if there are checkpoints, but none
     *     can be used
     */
    @Override
    public void initialize(Shape... shapes) {
        synchronize(shapes);
        reductions.prepare();
    }

    private void synchronize(Shape... shapes) {
        super.initialize(shapes);
        update = null; // the block may have other parameters now
        parameters = NamedParameter.of(getModel().getBlock());
        check.of(parameters);
        if (!alone) {
            gradients = NativeGradients.find(parameters);
            requireSameModel(gradients.isPresent());
        }
        Optional<Description> found = continuation.find();
        if (found.isPresent()) {
            EpochListeners.resume(
                    trainingConfig.getTrainingListeners(), continuation.progress().epochs());
        }
        if (!alone) {
            synchronizeRanks();
        }
        continuation.start(found, parameters, local.velocities());
    }

    private void requireSameModel(boolean areBornInBuckets) {
        List<String> evaluators = getEvaluators().stream().map(Evaluator::getName).toList();
        ModelAgreement.require(
                communicator,
                name + "/model",
                ModelAgreement.describe(
                        config,
                        areBornInBuckets,
                        evaluators,
                        AgreedStopping.count(trainingConfig.getTrainingListeners()),
                        parameters));
    }

    private void synchronizeRanks() {
        reductions.close();
        local.agree(false, clock.steps()); // what the sites have learnt since, if anything
        ArrayBroadcast.run(
                communicator,
                name + "/parameter",
                parameters.stream().map(NamedParameter::array).toList());
        local.start(parameters, trainingConfig.getOptimizer(), clock.steps());
        local.takeChanged();
        reductions.renew(parameters, gradients);
    }

    /** Takes up another way to train, if one was chosen. */
    private void follow() {
        if (local.takeChanged()) {
            reductions.renew(parameters, gradients);
            reductions.prepare();
            continuation.keep(local.velocities());
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>Between hosts its {@code backward} averages the gradients as well, once a step, unless
     * they are packed, or {@link DistributedConfig.Builder#optReduce} says otherwise: what is done
     * to them before {@link #step}, such as clipping, is then done to this rank's own.
     */
    @Override
    public GradientCollector newGradientCollector() {
        return new WatchedCollector(super.newGradientCollector(), this::backward);
    }

    private void backward(Runnable pass) {
        reductions.backward(pass, samples::take, clock.steps());
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
        if (!continuation.isStarted() && (!alone || continuation.keepsCheckpoints())) {
            // A collector is open by now, so the first gradients have to wait for step().
            synchronize(data.getShapes());
        }
        samples.onForward(data);
        clock.forward(System.nanoTime());
    }

    /**
     * {@inheritDoc}
     *
     * <p>Averages the gradients and running statistics over all ranks first, with local steps over
     * those of the site. Blocks until these have called it too.
     */
    @Override
    public void step() {
        update(reductions.finish(samples::take, clock.steps()), Budget.Place.STEPPING);
        samples.takeRest(); // what came after the last backward pass counts for no step
    }

    /**
     * Makes a step of ranks that still have data, to which this rank contributes what it has not
     * stepped yet, if anything.
     */
    void joinStep() {
        update(reductions.required().join(samples.takeRest(), clock.steps()), Budget.Place.JOINING);
    }

    private void update(StepReduction.Averaged averaged, Budget.Place place) {
        applyUpdate();
        long waitedBefore = local.waitedNanos();
        long made = clock.steps() + 1;
        long ofAll = local.estimated(averaged.samples());
        boolean areEqual =
                local.stepMade(averaged.samples(), made, continuation.isCheckpointDueNext(), place);
        long waited = averaged.waitedNanos() + local.waitedNanos() - waitedBefore;
        long busy = clock.stepEnded(System.nanoTime(), ofAll, samples.takeStepped(), waited);
        local.stepTook(busy, waited);
        boolean isStepping = place == Budget.Place.STEPPING;
        reductions.tune(busy == 0 ? 0 : busy + waited, isStepping, made);
        follow();
        Pass pass = group.passOfStep(number);
        continuation.stepMade(pass, areEqual);
        speeds.stepMade(pass, busy);
        check.afterStep(clock.steps());
    }

    /**
     * Gives all ranks the same parameters now, where local steps are made; otherwise they have
     * them. The end of a pass over the data does so by itself: this is for a program that leaves a
     * pass in its middle, or uses none, before it evaluates or saves the model. Blocks until all
     * ranks have called it, after as many steps.
     */
    public void agree() {
        Optional<String> agreed = local.agree(false, clock.steps());
        follow();
        check.afterAgreement(agreed);
    }

    /**
     * Has a checkpoint written now, by rank 0, which blocks until it is on disk. To be called
     * between two steps, on all ranks after as many, as they may have to agree first.
     *
     * @return false on rank 0 if it could not be written, which is logged
     * @throws IllegalStateException if this trainer keeps no checkpoints, or is not initialised
     */
    public boolean checkpoint() {
        continuation.requireCheckpoints();
        agree();
        return continuation.write();
    }

    private void applyUpdate() {
        GradientUpdate known = update;
        if (known == null) {
            List<NamedParameter> all = NamedParameter.of(getModel().getBlock());
            known = new GradientUpdate(trainingConfig.getOptimizer(), all, reductions.owed());
            update = known;
        }
        long start = System.nanoTime();
        known.apply();
        addMetric("step", start); // as DJL's own step does
    }

    /**
     * Hands out this rank's part of the data set: the data set's own sampler chooses the order over
     * the whole set, the same on all ranks, and each rank takes every {@code size}-th sample of it,
     * in batches of the data set's own size, or as many as its speed allows ({@link
     * DistributedConfig#balance}).
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
     * @throws IllegalStateException if checkpoints are kept and the trainer is not initialised
     */
    @Override
    public Iterable<Batch> iterateDataset(Dataset dataset) throws IOException, TranslateException {
        if (alone && !continuation.keepsCheckpoints()) {
            Iterable<Batch> batches = super.iterateDataset(dataset);
            return () -> passes.openAlone(batches, continuation::passEnded).iterator();
        }
        continuation.requireStarted();
        agree(); // a pass may have been left in its middle
        double[][] start = metrics.start();
        Pass pass =
                passes.open(
                        dataset,
                        continuation.seed()::get,
                        new Passes.Reading(getManager(), getExecutorService().orElse(null)),
                        ended -> finish(ended, start));
        continuation.passOpened();
        return pass::iterator;
    }

    /** Waits for ranks that have a batch more, and compares what all have come to. */
    private void finish(Pass pass, double[][] metricsAtStart) {
        group.joinUntilEnd(local.inside(), pass);
        Optional<String> agreed = local.agree(true, clock.steps());
        follow();
        metrics.finish(pass.name() + "/metrics", metricsAtStart);
        check.afterPass(clock.steps());
        check.afterAgreement(agreed);
        continuation.passEnded(pass);
    }

    /**
     * Lets the resources go but the communicator; waits shortly after a broken step, and for the
     * checkpoint that is being written.
     */
    @Override
    public void close() {
        try {
            local.close();
        } finally {
            continuation.close();
            group.remove(number);
            reductions.close();
            super.close();
        }
    }
}
