package org.jhorovod.djl;

import ai.djl.training.listener.EpochTrainingListener;
import ai.djl.training.listener.SaveModelTrainingListener;
import ai.djl.training.listener.TrainingListener;
import java.util.List;

/** DJL's listeners that count epochs by themselves. */
final class EpochListeners {
    private EpochListeners() {}

    /** Has them count on from an epoch, as those of the attempt before had. */
    static void resume(List<TrainingListener> listeners, int epochs) {
        for (TrainingListener listener : listeners) {
            if (listener instanceof EpochTrainingListener) {
                DjlField.of(EpochTrainingListener.class, "numEpochs").set(listener, epochs);
            } else if (listener instanceof SaveModelTrainingListener) {
                DjlField.of(SaveModelTrainingListener.class, "epoch").set(listener, epochs);
            }
        }
    }
}
