package org.jhorovod.djl;

import ai.djl.training.Trainer;
import ai.djl.training.listener.EarlyStoppingListener;
import ai.djl.training.listener.EarlyStoppingListener.EarlyStoppedException;
import ai.djl.training.listener.TrainingListener;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;

/**
 * Makes all ranks stop after the same epoch. DJL's listener also looks at a clock, and clocks
 * differ between ranks; so each rank asks its listener, and rank 0's answer holds for all. As all
 * have to take part, a listener that some ranks lack is refused when the trainer is initialised.
 */
final class AgreedStopping implements TrainingListener {
    private final EarlyStoppingListener listener;
    private final Communicator communicator;

    AgreedStopping(EarlyStoppingListener listener, Communicator communicator) {
        this.listener = listener;
        this.communicator = communicator;
    }

    /** How many of these there are. */
    static long count(List<TrainingListener> listeners) {
        return listeners.stream().filter(AgreedStopping.class::isInstance).count();
    }

    /** Blocks for the slowest rank. */
    @Override
    public void onEpoch(Trainer trainer) {
        HostTensor answer = HostTensor.allocate(DataType.INT32, 1);
        EarlyStoppedException stopped = null;
        try {
            listener.onEpoch(trainer);
        } catch (EarlyStoppedException e) {
            stopped = e;
        }
        answer.buffers().get(0).putInt(0, stopped == null ? 0 : 1);
        communicator.broadcast("early-stopping", answer, 0);
        if (answer.buffers().get(0).getInt(0) == 0) {
            return;
        }
        throw stopped != null
                ? stopped
                : new EarlyStoppedException(
                        trainer.getTrainingResult().getEpoch(), "rank 0 has stopped early");
    }

    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        listener.onTrainingBatch(trainer, batchData);
    }

    @Override
    public void onValidationBatch(Trainer trainer, BatchData batchData) {
        listener.onValidationBatch(trainer, batchData);
    }

    @Override
    public void onTrainingBegin(Trainer trainer) {
        listener.onTrainingBegin(trainer);
    }

    @Override
    public void onTrainingEnd(Trainer trainer) {
        listener.onTrainingEnd(trainer);
    }
}
