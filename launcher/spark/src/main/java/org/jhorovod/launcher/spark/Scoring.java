package org.jhorovod.launcher.spark;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.TaskCompletionListener;

/** Adds to each row of a partition what the model makes of it, a batch at a time. */
final class Scoring implements MapPartitionsFunction<Row, Row> {
    private static final long serialVersionUID = 1L;

    private final SparkTraining training;
    private final Broadcast<byte[]> parameters;

    Scoring(SparkTraining training, Broadcast<byte[]> parameters) {
        this.training = training;
        this.parameters = parameters;
    }

    @Override
    public Iterator<Row> call(Iterator<Row> rows) throws IOException {
        Model model = new ModelSource(training.block(), parameters.value()).open();
        Predictor<float[], float[]> predictor =
                model.newPredictor(new FlatTranslator(training.input()));
        TaskCompletionListener end =
                context -> {
                    predictor.close();
                    model.close();
                };
        TaskContext.get().addTaskCompletionListener(end);
        return new Scored(rows, predictor);
    }

    /** The rows with their scores. */
    private final class Scored implements Iterator<Row> {
        private final Iterator<Row> rows;
        private final Predictor<float[], float[]> predictor;
        private final Queue<Row> ready = new ArrayDeque<>();

        Scored(Iterator<Row> rows, Predictor<float[], float[]> predictor) {
            this.rows = rows;
            this.predictor = predictor;
        }

        @Override
        public boolean hasNext() {
            return !ready.isEmpty() || rows.hasNext();
        }

        @Override
        public Row next() {
            if (ready.isEmpty()) {
                scoreBatch();
            }
            return ready.remove();
        }

        private void scoreBatch() {
            List<Row> batch = new ArrayList<>();
            List<float[]> inputs = new ArrayList<>();
            while (rows.hasNext() && batch.size() < training.batchSize()) {
                Row row = rows.next();
                batch.add(row);
                inputs.add(training.features().read(row));
            }
            if (batch.isEmpty()) {
                throw new NoSuchElementException("The partition has ended.");
            }
            List<float[]> outputs = predict(inputs);
            for (int i = 0; i < batch.size(); i++) {
                ready.add(withScore(batch.get(i), outputs.get(i)));
            }
        }

        private List<float[]> predict(List<float[]> inputs) {
            try {
                return predictor.batchPredict(inputs);
            } catch (TranslateException e) {
                Shape input = training.input();
                throw new IllegalArgumentException(
                        "Rows with %d features could not be scored by a model whose input is %s: %s"
                                .formatted(inputs.get(0).length, input, e.getMessage()),
                        e);
            }
        }
    }

    private static Row withScore(Row row, float[] output) {
        Object[] values = new Object[row.size() + 2];
        for (int i = 0; i < row.size(); i++) {
            values[i] = row.get(i);
        }
        values[row.size()] = output;
        values[row.size() + 1] = output.length == 1 ? (double) output[0] : largest(output);
        return RowFactory.create(values);
    }

    /** The index of the largest, the first of equal ones. */
    private static double largest(float[] output) {
        int best = 0;
        for (int i = 1; i < output.length; i++) {
            if (output[i] > output[best]) {
                best = i;
            }
        }
        return best;
    }
}
