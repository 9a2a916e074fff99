package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.evaluator.Evaluator;
import java.util.HashMap;
import java.util.Map;

/**
 * Stands before an evaluator whose sums nobody but itself knows, and remembers how many samples its
 * figure rests on, so that the ranks' figures can be averaged by samples. That is exact where the
 * figure is a mean over samples and an approximation elsewhere.
 */
final class WeightedEvaluator extends Evaluator {
    private final Evaluator evaluator;
    private final Map<String, Long> samples = new HashMap<>();
    private final Map<String, Float> reduced = new HashMap<>();

    private WeightedEvaluator(Evaluator evaluator) {
        super(evaluator.getName());
        this.evaluator = evaluator;
    }

    /** The evaluator itself where {@link EvaluatorSums} knows its sums, otherwise a wrapper. */
    static Evaluator wrapUnknown(Evaluator evaluator) {
        return EvaluatorSums.knows(evaluator) ? evaluator : new WeightedEvaluator(evaluator);
    }

    /** The figure times its samples, and the samples. */
    double[] sums(String key) {
        long count = samples.getOrDefault(key, 0L);
        return new double[] {count == 0 ? 0 : (double) getAccumulator(key) * count, count};
    }

    /** Shows the mean of these sums until the next update. */
    void show(String key, double[] sums) {
        if (sums[1] > 0) {
            reduced.put(key, (float) (sums[0] / sums[1]));
            samples.put(key, Math.round(sums[1]));
        }
    }

    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        return evaluator.evaluate(labels, predictions);
    }

    @Override
    public void addAccumulator(String key) {
        forget(key);
        evaluator.addAccumulator(key);
    }

    @Override
    public void updateAccumulator(String key, NDList labels, NDList predictions) {
        updateAccumulators(new String[] {key}, labels, predictions);
    }

    @Override
    public void updateAccumulators(String[] keys, NDList labels, NDList predictions) {
        for (String key : keys) {
            samples.merge(key, SampleCounter.rows(labels), Long::sum);
            reduced.remove(key);
        }
        evaluator.updateAccumulators(keys, labels, predictions);
    }

    @Override
    public void resetAccumulator(String key) {
        forget(key);
        evaluator.resetAccumulator(key);
    }

    private void forget(String key) {
        samples.remove(key);
        reduced.remove(key);
    }

    @Override
    public float getAccumulator(String key) {
        Float shown = reduced.get(key);
        return shown != null ? shown : evaluator.getAccumulator(key);
    }
}
