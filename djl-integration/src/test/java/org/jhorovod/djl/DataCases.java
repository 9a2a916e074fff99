package org.jhorovod.djl;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.EasyTrain;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Sampler;
import ai.djl.translate.TranslateException;
import ai.djl.util.Progress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;

/** Cases about which rank sees which samples. */
final class DataCases {
    private DataCases() {}

    /**
     * Trains epochs over shuffled data and gives the ids that this rank saw: a line per epoch.
     *
     * <p>Arguments: samples, batch size, epochs, whether the last partial batch is dropped.
     */
    static final class SeenIds implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int samples = Integer.parseInt(arguments.get(0));
            int batchSize = Integer.parseInt(arguments.get(1));
            int epochs = Integer.parseInt(arguments.get(2));
            boolean dropLast = Boolean.parseBoolean(arguments.get(3));
            List<String> lines = new ArrayList<>();
            try (Session session = Session.open("tanh-mlp", "sgd")) {
                ArrayDataset data =
                        TestModels.data(session.manager, samples, batchSize, true, dropLast);
                for (int epoch = 0; epoch < epochs; epoch++) {
                    List<String> ids = new ArrayList<>();
                    for (Batch batch : session.trainer.iterateDataset(data)) {
                        batch.getIndices().forEach(id -> ids.add(id.toString()));
                        session.backward(batch);
                        session.trainer.step();
                        batch.close();
                    }
                    lines.add(String.join(",", ids));
                }
                lines.add(session.digest());
            }
            return String.join("\n", lines);
        }
    }

    /** Gives the progress that a bar would show: this rank's last batch and total. */
    static final class ShownProgress implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Session session = Session.open("tanh-mlp", "sgd")) {
                ArrayDataset data = TestModels.data(session.manager, 25, 4, false, false);
                String last = "";
                for (Batch batch : session.trainer.iterateDataset(data)) {
                    last = batch.getProgress() + "/" + batch.getProgressTotal();
                    batch.close();
                }
                return last;
            }
        }
    }

    /** Leaves a pass in the middle, evaluates in the middle of the next, and gives the digest. */
    static final class BrokenOffAndNested implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Session session = Session.open("tanh-mlp", "sgd")) {
                ArrayDataset data = TestModels.data(session.manager, 101, 10, true, false);
                int handedOut = 0;
                for (Batch batch : session.trainer.iterateDataset(data)) {
                    session.backward(batch);
                    session.trainer.step();
                    batch.close();
                    if (++handedOut == 2) {
                        break;
                    }
                }
                for (Batch batch : session.trainer.iterateDataset(data)) {
                    session.backward(batch);
                    if (++handedOut == 4) {
                        EasyTrain.evaluateDataset(session.trainer, data);
                    }
                    session.trainer.step();
                    batch.close();
                }
                return session.digest() + " " + session.trainer.statistics().samples();
            }
        }
    }

    /** Trains on a data set that has no index; gives samples seen and the digest. */
    static final class NoRandomAccess implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Session session = Session.open("tanh-mlp", "sgd")) {
                Stream stream = new Stream(TestModels.data(session.manager, 30, 10, false, false));
                long samples = 0;
                for (Batch batch : session.trainer.iterateDataset(stream)) {
                    samples += batch.getSize();
                    session.backward(batch);
                    session.trainer.step();
                    batch.close();
                }
                return samples + " " + session.digest();
            }
        }
    }

    private record Stream(ArrayDataset data) implements Dataset {
        @Override
        public Iterable<Batch> getData(NDManager manager) throws IOException, TranslateException {
            return data.getData(manager);
        }

        @Override
        public void prepare(Progress progress) throws IOException {
            data.prepare(progress);
        }
    }

    /** Opens a pass whose sampler draws from a generator of its own on each rank. */
    static final class UnsharedShuffle implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Session session = Session.open("tanh-mlp", "sgd")) {
                ArrayDataset data =
                        new ArrayDataset.Builder()
                                .setData(session.manager.ones(new Shape(20, 1, 8, 8)))
                                .optLabels(session.manager.zeros(new Shape(20)))
                                .setSampling(new OwnShuffle(communicator.rank()))
                                .build();
                session.trainer.iterateDataset(data);
                return "opened";
            }
        }
    }

    private record OwnShuffle(int seed) implements Sampler {
        @Override
        public Iterator<List<Long>> sample(RandomAccessDataset dataset) {
            List<Long> ids =
                    LongStream.range(0, dataset.size()).boxed().collect(Collectors.toList());
            Collections.shuffle(ids, new Random(seed));
            return List.of(ids).iterator();
        }

        @Override
        public int getBatchSize() {
            return 5;
        }
    }
}
