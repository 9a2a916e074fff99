package org.jhorovod.launcher.spark;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The bundled images of Fashion-MNIST as a DataFrame that executors read. */
final class FashionRows {
    static final int TRAINING_COUNT = 12_000;
    static final int PIXELS = 28 * 28;

    private static final int PARTITIONS = 3;
    private static final int IMAGE_HEADER = 16;
    private static final int LABEL_HEADER = 8;

    private FashionRows() {}

    /** Columns {@code pixels}, from 0 to 1, and {@code label}. */
    static Dataset<Row> read(SparkSession session, String part) {
        JavaSparkContext spark = new JavaSparkContext(session.sparkContext());
        List<Integer> partitions = IntStream.range(0, PARTITIONS).boxed().toList();
        StructType schema =
                new StructType()
                        .add("pixels", DataTypes.createArrayType(DataTypes.FloatType, false))
                        .add("label", DataTypes.IntegerType);
        return session.createDataFrame(
                spark.parallelize(partitions, PARTITIONS).flatMap(p -> slice(part, p)), schema);
    }

    private static Iterator<Row> slice(String part, int partition) throws IOException {
        byte[] images = elements(part + "-images-idx3-ubyte.gz", IMAGE_HEADER);
        byte[] labels = elements(part + "-labels-idx1-ubyte.gz", LABEL_HEADER);
        int from = labels.length * partition / PARTITIONS;
        int to = labels.length * (partition + 1) / PARTITIONS;
        List<Row> rows = new ArrayList<>();
        for (int image = from; image < to; image++) {
            Float[] pixels = new Float[PIXELS];
            for (int i = 0; i < PIXELS; i++) {
                pixels[i] = (images[image * PIXELS + i] & 0xFF) / 255f;
            }
            rows.add(RowFactory.create(pixels, (int) labels[image]));
        }
        return rows.iterator();
    }

    private static byte[] elements(String file, int header) throws IOException {
        String path = "org/jhorovod/examples/fashion-mnist/" + file;
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        try (InputStream stream = loader.getResourceAsStream(path);
                DataInputStream in = new DataInputStream(new GZIPInputStream(stream))) {
            in.skipNBytes(header);
            return in.readAllBytes();
        }
    }
}
