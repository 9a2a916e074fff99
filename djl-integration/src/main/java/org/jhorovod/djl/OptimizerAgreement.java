package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.training.TrainingConfig;
import ai.djl.training.optimizer.Optimizer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives all ranks the mean of what their optimizers remember: after local steps each site's has
 * momentum of its own, with which it would move the same parameters by the same gradients
 * elsewhere. Owned by the training thread.
 */
final class OptimizerAgreement {
    private static final Logger logger = LoggerFactory.getLogger(OptimizerAgreement.class);

    private OptimizerAgreement() {}

    /** Whether it is known where an optimizer keeps what it remembers. */
    static boolean isPossible(Optimizer optimizer, List<NamedParameter> parameters) {
        try {
            return new OptimizerState(optimizer, parameters)
                    .arrays().values().stream().allMatch(OptimizerAgreement::canBeAveraged);
        } catch (IllegalArgumentException | IllegalStateException e) {
            logger.debug("Sites cannot agree on what the optimizer remembers", e);
            return false;
        }
    }

    private static boolean canBeAveraged(NDArray array) {
        return array.getDataType() == ai.djl.ndarray.types.DataType.FLOAT32
                && TensorMemory.canOverwrite(array);
    }

    /**
     * Averages. Blocks until all ranks have done so, after as many steps.
     *
     * @param owner the trainer's name on all ranks
     */
    static void run(
            Communicator communicator,
            String owner,
            TrainingConfig training,
            List<NamedParameter> parameters) {
        new OptimizerState(training.getOptimizer(), parameters)
                .arrays()
                .forEach(
                        (name, array) ->
                                average(communicator, owner + "/optimizer/" + name, array));
    }

    private static void average(Communicator communicator, String name, NDArray array) {
        HostTensor staging = HostTensor.allocate(DataType.FLOAT32, array.size());
        ByteBuffer bytes = staging.buffers().get(0).order(ByteOrder.nativeOrder());
        bytes.duplicate().put(TensorMemory.bytes(array));
        communicator.allReduce(name, staging, ReduceOp.AVERAGE);
        TensorMemory.overwrite(array, target -> target.put(bytes.duplicate()));
    }
}
