package org.jhorovod.launcher.spark;

import ai.djl.Model;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A model that was trained on a DataFrame: its parameters, on the driver, and what each rank told.
 * Immutable; needs no closing.
 */
public final class TrainedModel {
    /** The column that {@link #transform} adds with the class, or the one number, predicted. */
    public static final String PREDICTION = "prediction";

    /** The column that {@link #transform} adds with all that the model put out. */
    public static final String OUTPUT = "output";

    private final SparkTraining training;
    private final byte[] parameters;
    private final List<RankReport> ranks;

    TrainedModel(SparkTraining training, byte[] parameters, List<RankReport> ranks) {
        this.training = training;
        this.parameters = parameters;
        this.ranks = List.copyOf(ranks);
    }

    /** What the ranks told, in their order. */
    public List<RankReport> ranks() {
        return ranks;
    }

    /**
     * Writes the parameters for {@code Model.load(folder, name)}, on the driver.
     *
     * @param folder is made if it is not there
     */
    public void save(Path folder, String name) throws IOException {
        ParameterFile.write(parameters, folder, name);
    }

    /** The model in this process, to be closed by the caller. */
    public Model load() throws IOException {
        return new ModelSource(training.block(), parameters).open();
    }

    /**
     * Scores rows that have the columns of the features, where they are, by DJL's predictor. Adds
     * two columns: {@value #OUTPUT}, an array of float, and {@value #PREDICTION}, a double: the one
     * number of an output with one, else the index of the largest, which is the class.
     *
     * <p>Lazy, as all of a DataFrame is.
     *
     * @throws IllegalArgumentException if columns are missing, or the new ones are there
     */
    public Dataset<Row> transform(Dataset<Row> rows) {
        StructType schema = rows.schema();
        List<String> faults = new ArrayList<>(training.features().faults(schema));
        for (String added : List.of(OUTPUT, PREDICTION)) {
            if (Arrays.asList(schema.fieldNames()).contains(added)) {
                faults.add("There is a column '%s' already; rename or drop it.".formatted(added));
            }
        }
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException(
                    "The rows cannot be scored: " + String.join(" ", faults));
        }
        StructType scored =
                schema.add(OUTPUT, DataTypes.createArrayType(DataTypes.FloatType, false), false)
                        .add(PREDICTION, DataTypes.DoubleType, false);
        JavaSparkContext spark = new JavaSparkContext(rows.sparkSession().sparkContext());
        return rows.mapPartitions(
                new Scoring(training, spark.broadcast(parameters)), Encoders.row(scored));
    }
}
