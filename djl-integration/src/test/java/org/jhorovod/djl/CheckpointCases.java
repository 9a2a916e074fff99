package org.jhorovod.djl;

import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;

/** Cases about trainings that are interrupted and go on. */
final class CheckpointCases {
    private CheckpointCases() {}

    /**
     * Trains, with an evaluation after each epoch, until an epoch or a step is reached.
     *
     * <p>Arguments: folder ("" for no checkpoints), model, optimizer, samples, batch of all ranks,
     * shuffled, epochs, the step to stop after (0 for none), steps between checkpoints. Gives
     * lines: the model, its digest, the steps that were made here, the epochs so far, and the ids
     * that this rank stepped with.
     */
    static final class Train implements RankCase {
        private static final int LOCAL = 9;

        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            String folder = arguments.get(0);
            int samples = Integer.parseInt(arguments.get(3));
            int batchSize = Integer.parseInt(arguments.get(4)) / communicator.size();
            boolean isShuffled = Boolean.parseBoolean(arguments.get(5));
            int epochs = Integer.parseInt(arguments.get(6));
            long lastStep = Long.parseLong(arguments.get(7));
            int every = Integer.parseInt(arguments.get(8));
            try (Session session =
                    Session.open(
                            TestModels.block(arguments.get(1)),
                            TestModels.IMAGE,
                            arguments.get(2),
                            config -> {},
                            distributed -> {
                                keep(distributed, folder, every);
                                if (arguments.size() > LOCAL) {
                                    LocalCases.configure(
                                            distributed, arguments.subList(LOCAL, LOCAL + 6));
                                }
                            })) {
                ArrayDataset data =
                        TestModels.data(session.manager, samples, batchSize, isShuffled, false);
                ArrayDataset other = TestModels.data(session.manager, 37, 5, true, false);
                List<String> ids = train(session, data, other, epochs, lastStep);
                if (!folder.isEmpty() && !session.trainer.checkpoint()) {
                    throw new IllegalStateException("the checkpoint was not written");
                }
                return String.join(
                        "\n",
                        Parameters.encode(session.model.getBlock()),
                        session.digest(),
                        "" + session.trainer.statistics().steps(),
                        "" + session.trainer.progress().epochs(),
                        String.join(",", ids));
            }
        }

        private static void keep(DistributedConfig.Builder config, String folder, int every) {
            if (!folder.isEmpty()) {
                config.optCheckpoints(
                        Checkpoints.builder()
                                .setFolder(Path.of(folder))
                                .optEverySteps(every)
                                .build());
            }
        }

        private static List<String> train(
                Session session, ArrayDataset data, ArrayDataset other, int epochs, long lastStep)
                throws Exception {
            DistributedTrainer trainer = session.trainer;
            List<String> ids = new ArrayList<>();
            while (trainer.progress().epochs() < epochs) {
                for (Batch batch : trainer.iterateDataset(data)) {
                    batch.getIndices().forEach(id -> ids.add(id.toString()));
                    session.backward(batch);
                    trainer.step();
                    batch.close();
                    if (trainer.progress().steps() == lastStep) {
                        return ids; // as if the process had ended here
                    }
                }
                for (Batch batch : trainer.iterateDataset(other)) {
                    trainer.evaluate(batch.getData()).close();
                    batch.close();
                }
            }
            return ids;
        }
    }
}
