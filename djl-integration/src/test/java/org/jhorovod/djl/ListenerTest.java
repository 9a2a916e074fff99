package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.loss.Loss;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jhorovod.djl.listener.BestModelListener;
import org.jhorovod.djl.listener.EventReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.util.Event;

/** The listeners of package {@code listener} with DJL's own trainer. */
@Timeout(60)
class ListenerTest {
    @TempDir private Path folder;

    /** Two epochs of six steps with some listeners after DJL's own. */
    private static void train(boolean validates, TrainingListener... listeners) throws Exception {
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optOptimizer(TestModels.optimizer("sgd"))
                        .addEvaluator(new Accuracy())
                        .addTrainingListeners(TrainingListener.Defaults.basic())
                        .addTrainingListeners(listeners);
        try (NDManager manager = NDManager.newBaseManager();
                Model model = Model.newInstance("plain")) {
            model.setBlock(TestModels.block("tanh-mlp"));
            ArrayDataset data = TestModels.data(manager, 55, 10, false, false);
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(TestModels.IMAGE);
                EasyTrain.fit(trainer, 2, data, validates ? data : null);
            }
        }
    }

    @Test
    void tensorBoard_countsTheStepsItself_andWritesEachFigureAtOnce() throws Exception {
        List<Integer> eventsAtBatches = new ArrayList<>();
        TrainingListener reader =
                new TrainingListenerAdapter() {
                    @Override
                    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
                        try {
                            eventsAtBatches.add(
                                    EventReader.events(EventReader.files(folder).get(0)).size());
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    }
                };

        train(true, ListenerCases.listener("tensorboard", folder, 2), reader);

        // The version; a record at every second step, and one after the epoch.
        assertThat(eventsAtBatches).containsExactly(1, 2, 2, 3, 3, 4, 5, 6, 6, 7, 7, 8);
        List<Event> events = EventReader.events(EventReader.files(folder).get(0));
        Map<String, Map<Long, Float>> scalars = EventReader.scalars(events);
        assertThat(scalars.get("validate/Accuracy")).containsOnlyKeys(6L, 12L);
        assertThat(scalars.get("batch/Accuracy")).containsOnlyKeys(2L, 4L, 6L, 8L, 10L, 12L);
    }

    @Test
    void tensorBoard_saysAtTheFirstBatch_thatItCannotWrite() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "no folder");

        assertThatThrownBy(() -> train(true, ListenerCases.listener("tensorboard", file, 2)))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("Name a folder that it may write to");
    }

    @Test
    void bestModel_isKept_alsoByDjlsTrainer() throws Exception {
        // What an attempt that was killed while it saved has left.
        Files.writeString(folder.resolve(".plain-best.params.new"), "half");

        train(
                true,
                BestModelListener.highest("Accuracy", folder),
                ListenerCases.listener("throughput", folder, 2));

        String[] files = folder.toFile().list();
        assertThat(files).hasSize(2).contains("plain-best.figure");
        try (Model model = Model.newInstance("other")) {
            model.setBlock(TestModels.block("tanh-mlp"));
            model.load(folder, "plain-best");
            assertThat(folder.resolve("plain-best.figure"))
                    .content()
                    .contains("evaluator Accuracy\n", "epoch " + model.getProperty("Epoch") + "\n");
        }
    }

    @Test
    void training_goesOn_whereTheBestModelCannotBeSaved() throws Exception {
        Files.createDirectory(folder.resolve(".plain-best.params.new")); // in the way

        train(true, BestModelListener.highest("Accuracy", folder));

        assertThat(folder.toFile().list()).containsExactly(".plain-best.params.new");
    }

    @Test
    void bestModel_inAFolderThatIsAFile_isRefused() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "no folder");

        assertThatThrownBy(() -> train(true, BestModelListener.highest("Accuracy", file)))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void bestModel_isNotChosen_withoutValidation() throws Exception {
        train(false, BestModelListener.highest("Accuracy", folder));

        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void bestModel_byAnEvaluatorThatIsNotThere_isRefused() {
        assertThatThrownBy(() -> train(true, BestModelListener.lowest("Perplexity", folder)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'Perplexity'")
                .hasMessageContaining("[Accuracy, SoftmaxCrossEntropyLoss]");
    }

    @Test
    void bestModel_whoseNoteIsDamaged_isNotReplacedInSilence() throws Exception {
        Files.write(folder.resolve("plain-best.figure"), new byte[] {(byte) 0xff, 1, 2});

        assertThatThrownBy(() -> train(true, BestModelListener.highest("Accuracy", folder)))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("plain-best.figure is damaged")
                .hasMessageContaining("Remove it");
        assertThat(Arrays.asList(folder.toFile().list())).containsExactly("plain-best.figure");
    }
}
