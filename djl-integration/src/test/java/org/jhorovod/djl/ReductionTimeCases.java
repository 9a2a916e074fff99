package org.jhorovod.djl;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.GradientCollector;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.config.Settings.ReduceChoice;
import org.jhorovod.allreduce.ranks.RankCase;

/** Cases about when gradients are reduced. The first argument is a {@link ReduceChoice}. */
final class ReductionTimeCases {
    private ReductionTimeCases() {}

    private static Session open(String model, List<String> arguments) {
        return Session.open(
                TestModels.block(model),
                TestModels.IMAGE,
                "momentum",
                config -> {},
                distributed -> distributed.optReduce(ReduceChoice.valueOf(arguments.get(0))));
    }

    private static List<NamedParameter> parameters(Session session) {
        return NamedParameter.of(session.model.getBlock());
    }

    private static float[] elements(NamedParameter parameter) {
        try (NDArray gradient = parameter.array().getGradient()) {
            return gradient.toFloatArray();
        }
    }

    /** Trains two epochs; gives the digest. Arguments: model, samples of all ranks. */
    static final class Training implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int samples = Integer.parseInt(arguments.get(2));
            try (Session session = open(arguments.get(1), arguments)) {
                ArrayDataset data = TestModels.data(session.manager, samples, 5, true, false);
                for (int epoch = 0; epoch < 2; epoch++) {
                    for (Batch batch : session.trainer.iterateDataset(data)) {
                        session.backward(batch);
                        session.trainer.step();
                        batch.close();
                    }
                }
                return session.digest();
            }
        }
    }

    /**
     * Trains for hundreds of steps, tuned or not, as its argument says; gives the digest, and what
     * has become of the gradients of the first step.
     */
    static final class Tuned implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            System.setProperty(Settings.AUTOTUNE.propertyName(), arguments.get(0));
            try (Session session = Session.open("two-types", "momentum")) {
                List<Pointer> before = addresses(session);
                NDArray kept = parameters(session).get(0).array().getGradient();
                ArrayDataset data = TestModels.data(session.manager, 601, 2, true, false);
                for (int epoch = 0; epoch < 5; epoch++) {
                    for (Batch batch : session.trainer.iterateDataset(data)) {
                        session.backward(batch);
                        session.trainer.step();
                        batch.close();
                    }
                }
                boolean areSame = addresses(session).equals(before);
                float[] last = elements(parameters(session).get(0));
                session.trainer.close();
                boolean isLast = Arrays.equals(kept.toFloatArray(), last);
                return "%s %s addresses, kept gradient is %s"
                        .formatted(
                                session.digest(),
                                areSame ? "same" : "other",
                                isLast ? "the last" : "another");
            } finally {
                System.clearProperty(Settings.AUTOTUNE.propertyName());
            }
        }

        private static List<Pointer> addresses(Session session) {
            List<Pointer> addresses = new ArrayList<>();
            for (NamedParameter parameter : parameters(session)) {
                try (NDArray gradient = parameter.array().getGradient()) {
                    addresses.add(Native.getDirectBufferPointer(TensorMemory.bytes(gradient)));
                }
            }
            return addresses;
        }
    }

    /** Gives the gradients of some steps as they are between backward and step. */
    static final class AfterBackward implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Session session = open("tanh-cnn", arguments)) {
                ArrayDataset data = TestModels.data(session.manager, 80, 5, true, false);
                List<float[]> last = List.of();
                for (Batch batch : session.trainer.iterateDataset(data)) {
                    session.backward(batch);
                    last = parameters(session).stream().map(p -> elements(p)).toList();
                    session.trainer.step();
                    batch.close();
                }
                return Parameters.encode(last);
            }
        }
    }

    /**
     * Two trainers of one model step in turns, now and then after a pass of the other, and one that
     * neither has made; gives the parameters.
     */
    static final class SharedModel implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Session first = open("tanh-mlp", arguments);
                    Session second = first.beside(arguments.get(0))) {
                ArrayDataset data = TestModels.data(first.manager, 120, 5, true, false);
                int count = 0;
                for (Batch batch : first.trainer.iterateDataset(data)) {
                    first.backward(batch);
                    if (++count % 3 == 0) {
                        second.backward(batch);
                        Passes.backwardByEngine(first, batch);
                    }
                    first.trainer.step();
                    second.backward(batch);
                    second.trainer.step();
                    batch.close();
                }
                return Parameters.encode(first.model.getBlock());
            }
        }
    }

    /**
     * Steps after one, then after three, then after two backward passes, of which the first in a
     * step may be by the engine's own collector; gives the parameters. Arguments: "own" for that.
     */
    static final class Passes implements RankCase {
        private static final int[] PASSES = {1, 1, 3, 3, 3, 2, 2, 1, 1, 4};

        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            boolean areOwn = arguments.contains("own");
            try (Session session = open("tanh-mlp", arguments)) {
                int batchSize = 12 / communicator.size();
                ArrayDataset data =
                        TestModels.data(session.manager, 21 * 12, batchSize, false, false);
                int step = 0;
                int pass = 0;
                for (Batch batch : session.trainer.iterateDataset(data)) {
                    if (areOwn && pass % 2 == 1) {
                        backwardByEngine(session, batch);
                    } else {
                        session.backward(batch);
                    }
                    if (++pass == PASSES[step]) {
                        session.trainer.step();
                        pass = 0;
                        step++;
                    }
                    batch.close();
                }
                return Parameters.encode(session.model.getBlock());
            }
        }

        private static void backwardByEngine(Session session, Batch batch) {
            try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDList predictions = session.trainer.forward(batch.getData());
                collector.backward(
                        session.trainer.getLoss().evaluate(batch.getLabels(), predictions));
            }
        }
    }
}
