package org.jhorovod.djl;

import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.listener.EvaluatorTrainingListener;
import java.nio.DoubleBuffer;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/*
 * Makes an evaluator's figures those of all ranks at the end of a pass.
 *
 * What a pass has added to an evaluator's sums on this rank (now minus at the pass's start) is
 * summed over the ranks and added to what was there at the start, which was equal on all ranks.
 * So a second pass without a reset in between counts nothing twice.
 *
 * Only the two keys of DJL's EvaluatorTrainingListener that span a pass are reduced, whether this
 * rank keeps them or not: listeners may differ between ranks, the exchange may not.
 */

/** Reduces the evaluators of one trainer over the ranks. Owned by the training thread. */
final class MetricReducer {
    private static final List<String> KEYS =
            List.of(
                    EvaluatorTrainingListener.TRAIN_EPOCH,
                    EvaluatorTrainingListener.VALIDATE_EPOCH);

    private final Communicator communicator;
    private final EvaluatorSums sums;

    MetricReducer(Communicator communicator, List<Evaluator> evaluators) {
        this.communicator = communicator;
        this.sums = new EvaluatorSums(evaluators);
    }

    /** The sums when a pass starts. */
    double[][] start() {
        double[][] start = new double[KEYS.size()][];
        for (int i = 0; i < start.length; i++) {
            start[i] = sums.read(KEYS.get(i));
        }
        return start;
    }

    /**
     * Reduces what was added since. Blocks for the slowest rank.
     *
     * @param name of the exchange on all ranks
     */
    void finish(String name, double[][] start) {
        int count = sums.count();
        HostTensor tensor = HostTensor.allocate(DataType.FLOAT64, (long) KEYS.size() * count);
        DoubleBuffer added = tensor.buffers().get(0).asDoubleBuffer();
        for (int k = 0; k < KEYS.size(); k++) {
            double[] now = sums.read(KEYS.get(k));
            for (int i = 0; i < count; i++) {
                added.put(k * count + i, now[i] - start[k][i]);
            }
        }
        communicator.allReduce(name, tensor, ReduceOp.SUM);
        for (int k = 0; k < KEYS.size(); k++) {
            double[] total = start[k].clone();
            for (int i = 0; i < count; i++) {
                total[i] += added.get(k * count + i);
            }
            sums.write(KEYS.get(k), total);
        }
    }
}
