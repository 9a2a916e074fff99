package org.jhorovod.djl;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;

/** Cases about what a step does to the parameters. */
final class StepCases {
    private StepCases() {}

    /**
     * One process that does what the ranks do together, with plain DJL: for each global batch it
     * runs each rank's part from the same running statistics, and averages gradients and statistics
     * by samples.
     *
     * <p>Arguments: ranks, model, samples, samples of all ranks per step; and, where the ranks do
     * not take every so many-th row, how many each takes in each step: "12 12,18 6".
     */
    static final class InParts implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int ranks = Integer.parseInt(arguments.get(0));
            int samples = Integer.parseInt(arguments.get(2));
            int globalBatch = Integer.parseInt(arguments.get(3));
            Engine.getInstance().setRandomSeed(17);
            try (NDManager manager = NDManager.newBaseManager();
                    Model model = Model.newInstance("case")) {
                model.setBlock(TestModels.block(arguments.get(1)));
                ArrayDataset data = TestModels.data(manager, samples, globalBatch, false, false);
                DefaultTrainingConfig config =
                        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                                .optOptimizer(TestModels.optimizer("sgd"));
                try (Trainer trainer = model.newTrainer(config)) {
                    trainer.initialize(TestModels.IMAGE);
                    int step = 0;
                    for (Batch batch : trainer.iterateDataset(data)) {
                        stepInParts(
                                trainer,
                                batch,
                                arguments.size() > 4
                                        ? runs(arguments.get(4).split(",", -1)[step])
                                        : strides(ranks));
                        batch.close();
                        step++;
                    }
                }
                return Parameters.encode(model.getBlock());
            }
        }

        private static List<String> strides(int ranks) {
            return IntStream.range(0, ranks).mapToObj(r -> "%d::%d".formatted(r, ranks)).toList();
        }

        private static List<String> runs(String counts) {
            List<String> runs = new ArrayList<>();
            int from = 0;
            for (String count : counts.split(" ", -1)) {
                int to = from + Integer.parseInt(count);
                runs.add("%d:%d".formatted(from, to));
                from = to;
            }
            return runs;
        }

        private static void stepInParts(Trainer trainer, Batch batch, List<String> parts) {
            List<NamedParameter> statistics =
                    NamedParameter.of(trainer.getModel().getBlock()).stream()
                            .filter(NamedParameter::isRunningStatistic)
                            .toList();
            try (NDManager scratch = trainer.getManager().newSubManager()) {
                List<NDArray> before = copies(statistics, scratch);
                List<NDArray> sums = new ArrayList<>();
                before.forEach(array -> sums.add(array.zerosLike()));
                for (String part : parts) {
                    set(statistics, before);
                    long rows = part(trainer, batch, part);
                    for (int i = 0; i < sums.size(); i++) {
                        sums.get(i).addi(statistics.get(i).array().mul(rows));
                    }
                }
                sums.forEach(sum -> sum.divi(batch.getSize()));
                set(statistics, sums);
            }
            trainer.step();
        }

        private static List<NDArray> copies(List<NamedParameter> statistics, NDManager scratch) {
            List<NDArray> copies = new ArrayList<>();
            for (NamedParameter statistic : statistics) {
                NDArray copy = statistic.array().duplicate();
                copy.attach(scratch);
                copies.add(copy);
            }
            return copies;
        }

        private static void set(List<NamedParameter> statistics, List<NDArray> values) {
            for (int i = 0; i < values.size(); i++) {
                NDArray value = values.get(i);
                TensorMemory.overwrite(
                        statistics.get(i).array(), target -> target.put(TensorMemory.bytes(value)));
            }
        }

        private static long part(Trainer trainer, Batch batch, String rows) {
            NDList data = new NDList(batch.getData().head().get(rows));
            NDList labels = new NDList(batch.getLabels().head().get(rows));
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDArray loss = trainer.getLoss().evaluate(labels, trainer.forward(data));
                collector.backward(loss.mul((float) data.head().size(0) / batch.getSize()));
            }
            return data.head().size(0);
        }
    }

    /**
     * One step; gives the gradients as the optimizer gets them.
     *
     * <p>Arguments: model, samples of all ranks.
     */
    static final class Gradients implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int samples = Integer.parseInt(arguments.get(1));
            int batchSize = (samples + communicator.size() - 1) / communicator.size();
            RecordingOptimizer recording = new RecordingOptimizer();
            try (Session session =
                    Session.open(
                            TestModels.block(arguments.get(0)),
                            TestModels.IMAGE,
                            "sgd",
                            config -> config.optOptimizer(recording))) {
                ArrayDataset data =
                        TestModels.data(session.manager, samples, batchSize, true, false);
                for (Batch batch : session.trainer.iterateDataset(data)) {
                    session.backward(batch);
                    session.trainer.step();
                    batch.close();
                }
                List<float[]> gradients = new ArrayList<>();
                for (NamedParameter parameter : NamedParameter.of(session.model.getBlock())) {
                    gradients.add(recording.of(parameter.parameter().getId()));
                }
                return Parameters.encode(gradients);
            }
        }
    }

    /** Two backward passes per step; gives the parameters. Arguments: samples of all per pass. */
    static final class Accumulating implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int batchSize = Integer.parseInt(arguments.get(0)) / communicator.size();
            try (Session session = Session.open("tanh-mlp", "sgd")) {
                ArrayDataset data = TestModels.data(session.manager, 240, batchSize, false, false);
                int backwards = 0;
                for (Batch batch : session.trainer.iterateDataset(data)) {
                    session.backward(batch);
                    if (++backwards % 2 == 0) {
                        session.trainer.step();
                    }
                    batch.close();
                }
                return Parameters.encode(session.model.getBlock());
            }
        }
    }

    /** Freezes and unfreezes the first layer; gives whether it moved, and the digest. */
    static final class Freezing implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Session session = Session.open("tanh-mlp", "momentum")) {
                Block layer = session.model.getBlock().getChildren().get(1).getValue();
                StringBuilder moved = new StringBuilder();
                for (boolean frozen : new boolean[] {false, true, false}) {
                    layer.freezeParameters(frozen);
                    String before = ParameterDigest.sha256(layer);
                    ArrayDataset data = TestModels.data(session.manager, 60, 10, false, false);
                    for (Batch batch : session.trainer.iterateDataset(data)) {
                        session.backward(batch);
                        session.trainer.step();
                        batch.close();
                    }
                    moved.append(!before.equals(ParameterDigest.sha256(layer))).append(' ');
                }
                return moved + session.digest();
            }
        }
    }

    /**
     * Freezes and unfreezes a layer between backward passes and steps, on the same data on all
     * ranks; says whether that comes to what plain DJL comes to.
     */
    static final class FreezingLikeDjl implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            String plain = train(Model::newTrainer);
            return Boolean.toString(plain.equals(train(DistributedTrainer::create)));
        }

        private static String train(BiFunction<Model, TrainingConfig, Trainer> newTrainer) {
            Engine.getInstance().setRandomSeed(17);
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                            .optOptimizer(TestModels.optimizer("sgd"));
            try (NDManager manager = NDManager.newBaseManager();
                    Model model = Model.newInstance("case")) {
                model.setBlock(TestModels.block("tanh-mlp"));
                try (Trainer trainer = newTrainer.apply(model, config)) {
                    trainer.initialize(TestModels.IMAGE);
                    Block layer = model.getBlock().getChildren().get(1).getValue();
                    for (boolean isFrozen : new boolean[] {false, true, false, true}) {
                        layer.freezeParameters(isFrozen);
                        step(trainer, manager);
                        step(trainer, manager);
                    }
                }
                return ParameterDigest.sha256(model.getBlock());
            }
        }

        private static void step(Trainer trainer, NDManager manager) {
            Shape images = new Shape(4, 1, TestModels.SIDE, TestModels.SIDE);
            NDArray data = manager.arange(4f * TestModels.SIDE * TestModels.SIDE).reshape(images);
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDList predictions = trainer.forward(new NDList(data.div(256)));
                NDList labels = new NDList(manager.arange(4f));
                collector.backward(trainer.getLoss().evaluate(labels, predictions));
            }
            trainer.step();
        }
    }

    /** Trains a model of two branches of which each rank uses one; gives which moved. */
    static final class Branching implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            TwoBranches block = new TwoBranches(communicator.rank() % 2);
            try (Session session = Session.open(block, new Shape(1, 6), "sgd", config -> {})) {
                String left = ParameterDigest.sha256(block.branch(0));
                String right = ParameterDigest.sha256(block.branch(1));
                for (int step = 0; step < 3; step++) {
                    NDArray data = session.manager.ones(new Shape(4, 6));
                    NDArray labels = session.manager.zeros(new Shape(4));
                    try (GradientCollector collector = session.trainer.newGradientCollector()) {
                        NDList predictions = session.trainer.forward(new NDList(data));
                        collector.backward(
                                session.trainer
                                        .getLoss()
                                        .evaluate(new NDList(labels), predictions));
                    }
                    session.trainer.step();
                }
                return "%s %s %s"
                        .formatted(
                                !left.equals(ParameterDigest.sha256(block.branch(0))),
                                !right.equals(ParameterDigest.sha256(block.branch(1))),
                                session.digest());
            }
        }
    }

    private static final class TwoBranches extends AbstractBlock {
        private final int used;
        private final Block[] branches = new Block[2];

        TwoBranches(int used) {
            this.used = used;
            for (int i = 0; i < branches.length; i++) {
                branches[i] = addChildBlock("branch" + i, Linear.builder().setUnits(3).build());
            }
        }

        Block branch(int index) {
            return branches[index];
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> parameters) {
            return branches[used].forward(store, inputs, training, parameters);
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return branches[0].getOutputShapes(inputShapes);
        }

        @Override
        protected void initializeChildBlocks(
                NDManager manager, DataType dataType, Shape... inputShapes) {
            for (Block branch : branches) {
                branch.initialize(manager, dataType, inputShapes);
            }
        }
    }

    /** Two trainers that alternate over the data of one; gives both digests. */
    static final class Alternating implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Session first = Session.open("tanh-mlp", "adam");
                    Session second = Session.open("tanh-cnn", "sgd")) {
                ArrayDataset data = TestModels.data(first.manager, 101, 5, true, false);
                for (Batch batch : first.trainer.iterateDataset(data)) {
                    first.backward(batch);
                    first.trainer.step();
                    for (Parameter p : first.model.getBlock().getParameters().values()) {
                        p.freeze(true);
                    }
                    second.backward(batch);
                    second.trainer.step();
                    for (Parameter p : first.model.getBlock().getParameters().values()) {
                        p.freeze(false);
                    }
                    batch.close();
                }
                return "%s %s %d %d"
                        .formatted(
                                first.digest(),
                                second.digest(),
                                first.trainer.statistics().steps(),
                                second.trainer.statistics().steps());
            }
        }
    }

    /**
     * Takes own batches of different sizes per rank, outside of a pass; gives the parameters.
     *
     * <p>Arguments: "peek" to look at a batch of a pass before.
     */
    static final class OwnBatches implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int rank = communicator.rank();
            int size = communicator.size();
            try (Session session = Session.open("tanh-mlp", "sgd")) {
                ArrayDataset data = TestModels.data(session.manager, 32, 32, false, false);
                Batch all = data.getData(session.manager).iterator().next();
                if (arguments.contains("peek")) {
                    session.trainer.iterateDataset(data).iterator().next();
                    session.trainer.iterateDataset(data).forEach(Batch::close);
                }
                // Rank 0 of two takes 8 of 32 samples, rank 1 takes 24; alone it takes all.
                String rows = size == 1 ? "0:32" : rank == 0 ? "0:8" : "8:32";
                NDList images = new NDList(all.getData().head().get(rows));
                NDList labels = new NDList(all.getLabels().head().get(rows));
                for (int step = 0; step < 5; step++) {
                    try (GradientCollector collector = session.trainer.newGradientCollector()) {
                        NDList predictions = session.trainer.forward(images);
                        collector.backward(session.trainer.getLoss().evaluate(labels, predictions));
                    }
                    session.trainer.step();
                }
                return Parameters.encode(session.model.getBlock());
            }
        }
    }
}
