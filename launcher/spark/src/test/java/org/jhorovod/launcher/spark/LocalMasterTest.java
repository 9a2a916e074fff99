package org.jhorovod.launcher.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.djl.ParameterDigest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Spark in this process, as a program is tried out. */
@Timeout(120)
class LocalMasterTest {
    private static SparkSession session;

    @BeforeAll
    static void start() {
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        SparkConf conf =
                new SparkConf()
                        .setAppName("local")
                        .setMaster("local[2]")
                        .set("spark.ui.enabled", "false")
                        .set("spark.driver.host", "127.0.0.1")
                        .set("spark.driver.bindAddress", "127.0.0.1")
                        .set("spark.sql.warehouse.dir", "target/warehouse");
        session = SparkSession.builder().config(conf).getOrCreate();
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    @Test
    void twoRanksInOneProcess_areRefused_withTheSettingToChange() {
        assertThatThrownBy(
                        () ->
                                SparkJHorovod.run(
                                        session.sparkContext(), 2, 3, LocalMasterTest::barrier))
                .isInstanceOf(RankFailedException.class)
                .hasMessageContainingAll(
                        "Ranks 0 and 1 were both sent to executor driver",
                        "spark.executor.cores=1",
                        "spark.task.cpus",
                        "local-cluster[N,1,1024]")
                .hasMessageNotContaining("begun anew");
        assertThat(JHorovod.isInitialized()).isFalse();
    }

    private static String barrier(RankContext rank) {
        rank.communicator().barrier("all");
        return "done";
    }

    @Test
    void rankThatFailsOnce_isBegunAnew_andToldSo() {
        List<Integer> restarts =
                SparkJHorovod.run(
                        session.sparkContext(),
                        1,
                        2,
                        rank -> {
                            if (rank.restarts() < 2) {
                                throw new java.io.IOException("disk full");
                            }
                            return rank.restarts();
                        });
        assertThat(restarts).containsExactly(2);
    }

    @Test
    void rankThatKeepsFailing_isNamed_whenItMayNotBeginAgain() {
        assertThatThrownBy(
                        () ->
                                SparkJHorovod.run(
                                        session.sparkContext(),
                                        1,
                                        1,
                                        rank -> {
                                            throw new java.io.IOException("disk full");
                                        }))
                .isInstanceOfSatisfying(
                        RankFailedException.class,
                        e -> {
                            assertThat(e.rank()).isZero();
                            assertThat(e.host()).isNotEmpty();
                        })
                .hasMessageContainingAll(
                        "rank 0 on", "disk full", "failed first", "begun anew 1 times");
    }

    /** y = 2 a - b + 1, from three columns of numbers. */
    @Test
    void aLine_isLearned_scored_andSaved(@TempDir java.nio.file.Path folder) throws Exception {
        Dataset<Row> rows = line();
        TrainedModel model = SparkJHorovod.train(rows, lineTraining());
        assertThat(model.ranks()).hasSize(1);
        assertThat(model.ranks().get(0).samples()).isEqualTo(200);

        Dataset<Row> scored = model.transform(rows);
        assertThat(scored.columns()).containsExactly("a", "b", "y", "output", "prediction");
        assertThat(scored.filter("abs(prediction - y) < 0.05").count()).isEqualTo(200);

        model.save(folder, "line");
        try (Model loaded = Model.newInstance("line")) {
            loaded.setBlock(Linear.builder().setUnits(1).build());
            loaded.load(folder, "line");
            assertThat(ParameterDigest.sha256(loaded.getBlock()))
                    .isEqualTo(model.ranks().get(0).parameterSha256());
        }
        try (Model loaded = model.load()) {
            assertThat(ParameterDigest.sha256(loaded.getBlock()))
                    .isEqualTo(model.ranks().get(0).parameterSha256());
        }
    }

    @Test
    void columnsThatAreNotThere_areNamed_beforeAnythingRuns() {
        Dataset<Row> rows = line().withColumnRenamed("a", "c");
        assertThatThrownBy(() -> SparkJHorovod.train(rows, lineTraining()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("no column 'a'", "[c, b, y]");
    }

    @Test
    void aBuilderWithoutItsValues_namesThemAll() {
        assertThatThrownBy(() -> SparkTraining.builder().optMaxRestarts(-1).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "setNumProc",
                        "setFeatures",
                        "setLabel",
                        "setInput",
                        "setBlock",
                        "setConfig",
                        "setBatchSize",
                        "setEpochs",
                        "optMaxRestarts must be 0 or more, not -1");
    }

    private static SparkTraining lineTraining() {
        return SparkTraining.builder()
                .setNumProc(1)
                .setFeatures("a", "b")
                .setLabel("y")
                .setInput(new Shape(2))
                .setBlock(() -> Linear.builder().setUnits(1).build())
                .setConfig(
                        rank ->
                                new DefaultTrainingConfig(Loss.l2Loss())
                                        .optOptimizer(
                                                Optimizer.sgd()
                                                        .setLearningRateTracker(Tracker.fixed(0.1f))
                                                        .build()))
                .setBatchSize(10)
                .setEpochs(30)
                .optSeed(3)
                .build();
    }

    private static Dataset<Row> line() {
        StructType schema =
                new StructType()
                        .add("a", DataTypes.DoubleType)
                        .add("b", DataTypes.FloatType)
                        .add("y", DataTypes.DoubleType);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            double a = Math.sin(i);
            float b = (float) Math.cos(3 * i);
            rows.add(RowFactory.create(a, b, 2 * a - b + 1));
        }
        return session.createDataFrame(rows, schema).repartition(3);
    }
}
