package org.jhorovod.launcher.spark;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;

/*
 * rows -> numbered in their order -> row i to partition i % ranks, sorted -> one rank a partition.
 * The number of a row decides where it goes and when it is trained on, so an executor that is lost
 * changes nothing: its rows are read again, and get the same numbers.
 */
/** A training on a DataFrame, as the driver sees it. */
final class DatasetTraining {
    private final SparkTraining training;

    DatasetTraining(SparkTraining training) {
        this.training = training;
    }

    TrainedModel run(Dataset<Row> rows) {
        requireColumns(rows.schema());
        JavaSparkContext spark = new JavaSparkContext(rows.sparkSession().sparkContext());
        List<RankOutcome> outcomes =
                new BarrierJob(spark, training.numProc(), training.maxRestarts())
                        .run(shares(rows), new TrainingBody(training));
        return new TrainedModel(
                training,
                outcomes.get(0).parameters(),
                outcomes.stream().map(RankOutcome::report).toList());
    }

    private void requireColumns(StructType schema) {
        List<String> faults = new ArrayList<>(training.features().faults(schema));
        faults.addAll(training.label().faults(schema));
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException(
                    "The rows cannot be trained on: " + String.join(" ", faults));
        }
    }

    private JavaRDD<Tuple2<Long, Sample>> shares(Dataset<Row> rows) {
        NumericColumns features = training.features();
        NumericColumns label = training.label();
        long expected = training.input().size();
        List<String> names = new ArrayList<>(features.names());
        names.addAll(label.names());
        JavaPairRDD<Long, Sample> numbered =
                rows.select(
                                names.stream()
                                        .distinct()
                                        .map(functions::col)
                                        .toArray(org.apache.spark.sql.Column[]::new))
                        .toJavaRDD()
                        .map(row -> sample(features.read(row), label.read(row), expected))
                        .zipWithIndex()
                        .mapToPair(Tuple2::swap);
        return numbered.repartitionAndSortWithinPartitions(
                        new ResiduePartitioner(training.numProc()))
                .map(row -> row);
    }

    private static Sample sample(float[] features, float[] label, long expected) {
        if (features.length != expected) {
            throw new IllegalArgumentException(
                    "A row has %d features, but the input shape has %d elements. Correct setInput, or the columns of setFeatures."
                            .formatted(features.length, expected));
        }
        return new Sample(features, label);
    }
}
