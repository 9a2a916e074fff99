package org.jhorovod.launcher.spark;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.TrainingConfig;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.djl.Checkpoints;
import org.jhorovod.djl.ParameterDigest;

/** One application on a cluster of two executors, whose lines the test reads. */
final class ClusterProgram {
    private ClusterProgram() {}

    /** Arguments: a folder that executors share. */
    public static void main(String[] arguments) throws Exception {
        Engine.getInstance(); // unpacks PyTorch once, before two executors would
        SparkSession session = SparkSession.builder().config(configuration()).getOrCreate();
        try {
            ring(session);
            failure(session);
            training(session, arguments[0]);
        } finally {
            session.stop();
        }
    }

    private static SparkConf configuration() {
        return new SparkConf()
                .setAppName("jhorovod")
                .setMaster("local-cluster[2,1,1024]")
                .set("spark.ui.enabled", "false")
                .set(
                        "spark.executor.extraJavaOptions",
                        "-Dai.djl.offline=true -XX:+UseSerialGC -XX:TieredStopAtLevel=1")
                .set("spark.executorEnv.OMP_NUM_THREADS", "1")
                .set("spark.executorEnv.OPT_OUT_TRACKING", "true")
                // After an executor's end Spark looks this often whether there are enough again.
                .set("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s");
    }

    private static void ring(SparkSession session) {
        List<String> seen =
                SparkJHorovod.run(
                        session.sparkContext(),
                        2,
                        rank -> {
                            HostTensor number = HostTensor.allocate(DataType.INT32, 1);
                            number.buffers().get(0).putInt(0, rank.rank() + 1);
                            rank.communicator().allReduce("number", number, ReduceOp.SUM);
                            boolean isDoor = JHorovod.communicator() == rank.communicator();
                            return "%s %d %s %s"
                                    .formatted(
                                            rank.communicator().topology(),
                                            number.buffers().get(0).getInt(0),
                                            isDoor,
                                            ManagementFactory.getRuntimeMXBean().getPid());
                        });
        seen.forEach(line -> System.out.println("ring: " + line));
    }

    private static void failure(SparkSession session) {
        try {
            SparkJHorovod.run(
                    session.sparkContext(),
                    2,
                    rank -> {
                        if (rank.rank() == 1) {
                            throw new IllegalArgumentException("no such file");
                        }
                        rank.communicator().barrier("never");
                        return "";
                    });
        } catch (RankFailedException e) {
            System.out.println("failure: " + e.rank() + " " + e.host() + " " + e.getMessage());
        }
    }

    private static void training(SparkSession session, String folder) throws Exception {
        SparkTraining training =
                SparkTraining.builder()
                        .setNumProc(2)
                        .setFeatures("pixels")
                        .setLabel("label")
                        .setInput(new Shape(FashionRows.PIXELS))
                        .setBlock(ClusterProgram::network)
                        .setConfig(rank -> config(rank, folder))
                        .setBatchSize(32)
                        .setEpochs(3)
                        .optSeed(7)
                        .optCheckpoints(
                                Checkpoints.builder()
                                        .setFolder(Path.of(folder, "checkpoints"))
                                        .optEverySteps(50)
                                        .build())
                        .optMaxRestarts(1)
                        .build();
        TrainedModel model = SparkJHorovod.train(FashionRows.read(session, "train"), training);
        model.ranks().forEach(rank -> System.out.println("trained: " + rank));
        Dataset<Row> scored = model.transform(FashionRows.read(session, "t10k"));
        System.out.println("columns: " + List.of(scored.columns()));
        Row accuracy = scored.selectExpr("avg(cast(prediction = label as double))").first();
        System.out.println("accuracy: " + accuracy.getDouble(0));
        model.save(Path.of(folder), "saved");
        try (Model loaded = Model.newInstance("saved")) {
            loaded.setBlock(network());
            loaded.load(Path.of(folder), "saved");
            System.out.println("loaded: " + ParameterDigest.sha256(loaded.getBlock()));
        }
    }

    private static Block network() {
        return new SequentialBlock()
                .add(Blocks.batchFlattenBlock(FashionRows.PIXELS))
                .add(Linear.builder().setUnits(64).build())
                .add(Activation::relu)
                .add(Linear.builder().setUnits(10).build());
    }

    private static TrainingConfig config(RankContext rank, String folder) {
        return new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                .optOptimizer(Optimizer.adam().build())
                .addEvaluator(new Accuracy())
                .addTrainingListeners(TrainingListener.Defaults.basic())
                .addTrainingListeners(new SampleRecord(rank, Path.of(folder)));
    }
}
