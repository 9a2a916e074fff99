package org.jhorovod.launcher.spark;

import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Runs the ranks of a job as the tasks of one barrier stage of Spark: each in an executor's process
 * of its own, all at the same time. No environment variable is needed. The job's secret travels in
 * the tasks, as safe as Spark's own connections are ({@code spark.network.crypto.enabled}).
 *
 * <pre>{@code
 * List<Double> sums = SparkJHorovod.run(sparkContext, 2, rank -> train(rank.communicator()));
 *
 * TrainedModel model = SparkJHorovod.train(rows, SparkTraining.builder()…build());
 * Dataset<Row> scored = model.transform(otherRows);
 * }</pre>
 *
 * <p>DJL trains once a process, so each executor must run one task at a time ({@code
 * spark.executor.cores=1}, or {@code spark.task.cpus} as large), and there must be as many
 * executors as ranks. JHorovod's settings are those of the executors, such as {@code
 * spark.executorEnv.JHOROVOD_OPERATION_TIMEOUT_SECONDS}. Dynamic allocation does not go with
 * barrier stages.
 *
 * <p>All methods block until the job has ended, and throw {@link RankFailedException} where it
 * failed. Safe for use by several threads.
 */
public final class SparkJHorovod {
    private SparkJHorovod() {}

    /**
     * Runs a function on each of several ranks that form a job of JHorovod.
     *
     * @param numProc how many ranks
     * @param function what each does; serialised, as is what it returns. It finds its job in the
     *     context that it is given, and as {@code JHorovod.communicator()}, and need not leave it
     * @return what the ranks returned, in their order
     */
    public static <T> List<T> run(
            SparkContext spark, int numProc, Function<RankContext, T> function) {
        return run(spark, numProc, 0, function);
    }

    /** The same for Spark's Java context. */
    public static <T> List<T> run(
            JavaSparkContext spark, int numProc, Function<RankContext, T> function) {
        return run(spark.sc(), numProc, 0, function);
    }

    /**
     * The same, begun anew where a rank or its executor fails. A function that is to go on from
     * where it was keeps checkpoints, in a place that all executors reach.
     *
     * @param maxRestarts how often, at most
     */
    public static <T> List<T> run(
            SparkContext spark, int numProc, int maxRestarts, Function<RankContext, T> function) {
        JavaSparkContext context = new JavaSparkContext(spark);
        return new BarrierJob(context, numProc, maxRestarts)
                .run(
                        BarrierJob.emptyPartitions(context, numProc),
                        (rank, nothing) -> function.call(rank));
    }

    /**
     * Trains a model on the rows of a DataFrame, which are dealt out evenly to the ranks.
     *
     * <p>Rows are numbered in their order, and row {@code i} goes to rank {@code i % numProc}. To
     * resume, the DataFrame must give the same rows in the same order again: sort or persist one
     * that does not.
     */
    public static TrainedModel train(Dataset<Row> rows, SparkTraining training) {
        return new DatasetTraining(training).run(rows);
    }
}
