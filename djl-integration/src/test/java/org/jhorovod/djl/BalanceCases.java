package org.jhorovod.djl;

import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jhorovod.allreduce.codec.Codecs;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.config.Settings.ReduceChoice;
import org.jhorovod.allreduce.ranks.RankCase;

/** Cases about samples in proportion to speed. */
final class BalanceCases {
    // Much longer than the model needs. Slept, not computed: ranks that compute share the machine's
    // cores with each other and with other programs, and then no test can know their speeds. That
    // speeds of ranks that compute are measured is what launcher/dist/src/test/benchmark/slow-rank
    // shows.
    private static final long NANOS_PER_SAMPLE = 2_000_000;
    private static final int SLOWER = 3;
    private static final int STEPS_OF_TURN = 24;

    private BalanceCases() {}

    /**
     * Trains while one rank sleeps three times as long for a sample as the others.
     *
     * <p>Arguments: model, optimizer, samples, samples of all ranks per step, the ranks that are
     * slow by turns, "prefetch", "shuffled", "backward" and "packed" or none of them, epochs, the
     * step to stop after (0 for none), folder of checkpoints ("" for none). Gives lines: the model,
     * its digest, this rank's samples in each step, and their ids.
     */
    static final class Train implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int samples = Integer.parseInt(arguments.get(2));
            int batchSize = Integer.parseInt(arguments.get(3)) / communicator.size();
            List<Integer> slow =
                    List.of(arguments.get(4).split(" ", -1)).stream()
                            .map(Integer::valueOf)
                            .toList();
            String how = arguments.get(5);
            int epochs = Integer.parseInt(arguments.get(6));
            long lastStep = Long.parseLong(arguments.get(7));
            String folder = arguments.get(8);
            List<String> counts = new ArrayList<>();
            List<String> ids = new ArrayList<>();
            try (Session session = open(arguments.get(0), arguments.get(1), how, folder)) {
                ArrayDataset data =
                        TestModels.data(
                                session.manager,
                                samples,
                                batchSize,
                                how.contains("shuffled"),
                                false);
                DistributedTrainer trainer = session.trainer;
                boolean isOver = false;
                while (!isOver && trainer.progress().epochs() < epochs) {
                    for (Batch batch : trainer.iterateDataset(data)) {
                        batch.getIndices().forEach(id -> ids.add(id.toString()));
                        counts.add("" + batch.getSize());
                        session.backward(batch);
                        work(communicator.rank(), slow, counts.size() - 1, batch.getSize());
                        trainer.step();
                        batch.close();
                        isOver = trainer.progress().steps() == lastStep;
                        if (isOver) {
                            break; // as if the process had ended here
                        }
                    }
                }
                if (!folder.isEmpty()) {
                    trainer.checkpoint();
                }
                return String.join(
                        "\n",
                        Parameters.encode(session.model.getBlock()),
                        session.digest(),
                        String.join(",", counts),
                        String.join(",", ids));
            }
        }

        private static Session open(String model, String optimizer, String how, String folder) {
            return Session.open(
                    TestModels.block(model),
                    TestModels.IMAGE,
                    optimizer,
                    config -> {
                        if (how.contains("prefetch")) {
                            config.optExecutorService();
                        }
                    },
                    distributed -> {
                        distributed.optBalance(true).optCheckSteps(1);
                        if (how.contains("backward")) {
                            distributed.optReduce(ReduceChoice.BACKWARD);
                        }
                        if (how.contains("packed")) {
                            distributed.optCodec(Codecs.parse("float16"));
                        }
                        if (!folder.isEmpty()) {
                            distributed.optCheckpoints(
                                    Checkpoints.builder()
                                            .setFolder(Path.of(folder))
                                            .optEverySteps(1)
                                            .build());
                        }
                    });
        }

        private static void work(int rank, List<Integer> slow, int step, int samples) {
            boolean isSlow = slow.get(step / STEPS_OF_TURN % slow.size()) == rank;
            long end = System.nanoTime() + samples * NANOS_PER_SAMPLE * (isSlow ? SLOWER : 1);
            while (System.nanoTime() < end) {
                LockSupport.parkNanos(end - System.nanoTime());
            }
        }
    }

    /** Asks for balance and local steps together, and gives what is said about it. */
    static final class WithLocalSteps implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) {
            try {
                DistributedConfig.builder().optBalance(true).optLocalSteps(4).build();
                return "accepted";
            } catch (RuntimeException e) {
                return e.toString();
            }
        }
    }
}
