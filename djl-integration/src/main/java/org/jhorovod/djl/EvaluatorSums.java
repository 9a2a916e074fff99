package org.jhorovod.djl;

import ai.djl.training.evaluator.AbstractAccuracy;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.evaluator.IndexEvaluator;
import ai.djl.training.loss.AbstractCompositeLoss;
import ai.djl.training.loss.Loss;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/*
 * The sums behind an evaluator's figure: correct and total of an accuracy, total and batches of a
 * loss. DJL has no way to read and write them but its fields; DjlContractTest fails by name if a
 * DJL version moves one.
 */

/** Reads and writes the sums that an evaluator keeps under a key. */
final class EvaluatorSums {

    /** One evaluator's pair of sums. */
    private interface Sums {
        /** Null where nothing is kept under the key. */
        double @Nullable [] read(String key);

        void write(String key, double[] sums);
    }

    private final List<Sums> all = new ArrayList<>();

    /** The sums of several evaluators, in their order. */
    EvaluatorSums(List<Evaluator> evaluators) {
        evaluators.forEach(this::add);
    }

    /** Whether the evaluator's sums can be reached. */
    static boolean knows(Evaluator evaluator) {
        if (evaluator instanceof IndexEvaluator index) {
            return knows(inner(index));
        }
        return evaluator instanceof AbstractAccuracy || evaluator instanceof Loss;
    }

    private void add(Evaluator evaluator) {
        if (evaluator instanceof AbstractCompositeLoss composite) {
            composite.getComponents().forEach(this::add);
        } else if (evaluator instanceof IndexEvaluator index && knows(index)) {
            add(inner(index));
        } else if (evaluator instanceof Loss) {
            add(evaluator, Loss.class, "totalLoss", true);
        } else if (evaluator instanceof AbstractAccuracy) {
            add(evaluator, AbstractAccuracy.class, "correctInstances", false);
        } else if (evaluator instanceof WeightedEvaluator weighted) {
            all.add(new FigureSums(weighted));
        }
    }

    private void add(Evaluator evaluator, Class<?> owner, String field, boolean isFloat) {
        all.add(
                new MapSums(
                        map(evaluator, owner, field),
                        map(evaluator, Evaluator.class, "totalInstances"),
                        isFloat));
    }

    /** How many numbers {@link #read} gives for one key. */
    int count() {
        return 2 * all.size();
    }

    /** All sums kept under a key, two per evaluator; zeros where nothing is kept. */
    double[] read(String key) {
        double[] sums = new double[count()];
        for (int i = 0; i < all.size(); i++) {
            double[] pair = all.get(i).read(key);
            if (pair != null) {
                System.arraycopy(pair, 0, sums, 2 * i, 2);
            }
        }
        return sums;
    }

    /** Replaces the sums kept under a key; where nothing is kept, nothing is put. */
    void write(String key, double[] sums) {
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).read(key) != null) {
                all.get(i).write(key, Arrays.copyOfRange(sums, 2 * i, 2 * i + 2));
            }
        }
    }

    private record MapSums(
            Map<String, Object> numerators, Map<String, Object> counts, boolean isFloat)
            implements Sums {
        @Override
        public double @Nullable [] read(String key) {
            Object numerator = numerators.get(key);
            Object count = counts.get(key);
            if (numerator == null || count == null) {
                return null;
            }
            return new double[] {
                ((Number) numerator).doubleValue(), ((Number) count).doubleValue()
            };
        }

        @Override
        public void write(String key, double[] sums) {
            if (isFloat) {
                numerators.put(key, (float) sums[0]);
            } else {
                numerators.put(key, Math.round(sums[0]));
            }
            counts.put(key, Math.round(sums[1]));
        }
    }

    private record FigureSums(WeightedEvaluator evaluator) implements Sums {
        @Override
        public double[] read(String key) {
            return evaluator.sums(key);
        }

        @Override
        public void write(String key, double[] sums) {
            evaluator.show(key, sums);
        }
    }

    private static Evaluator inner(IndexEvaluator evaluator) {
        return (Evaluator) value(evaluator, IndexEvaluator.class, "evaluator");
    }

    @SuppressWarnings("unchecked") // what DJL declares; numbers are read as Number
    private static Map<String, Object> map(Object owner, Class<?> declaring, String field) {
        return (Map<String, Object>) value(owner, declaring, field);
    }

    private static Object value(Object owner, Class<?> declaring, String name) {
        return DjlField.of(declaring, name).get(owner);
    }
}
