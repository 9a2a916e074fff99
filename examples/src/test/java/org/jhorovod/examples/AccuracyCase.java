package org.jhorovod.examples;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.nio.file.Path;
import java.util.List;
import org.jhorovod.allreduce.codec.BucketCodec;
import org.jhorovod.allreduce.codec.BucketLayout;
import org.jhorovod.allreduce.codec.Codec;
import org.jhorovod.allreduce.codec.Codecs;
import org.jhorovod.allreduce.codec.ErrorFeedback;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;
import org.jhorovod.djl.DistributedConfig;
import org.jhorovod.djl.DistributedTrainer;
import org.jhorovod.djl.ParameterDigest;
import org.jhorovod.djl.local.OuterOptimizer;
import org.jhorovod.djl.local.SiteChoice;
import org.jhorovod.examples.LabelledImages.Part;

/**
 * Trains the CNN on Fashion-MNIST in a way between sites of one rank each. Gives the accuracy on
 * the test images, what this rank has sent at its sockets while it trained, what the codec's
 * formula says of one exchange of all parameters, and the parameters' digest.
 *
 * <p>Arguments: codec, "forgets" if it is without error feedback, local steps, outer optimizer,
 * epochs, folder of the images or "bundled".
 */
public final class AccuracyCase implements RankCase {
    private static final int BATCH = 64;
    private static final float RATE = 0.1f;

    /** A codec that never keeps what it has lost. */
    private record Forgetful(Codec codec) implements Codec {
        @Override
        public String name() {
            return codec.name();
        }

        @Override
        public BucketCodec open(BucketLayout layout, ErrorFeedback feedback) {
            return codec.open(layout, ErrorFeedback.OFF);
        }

        @Override
        public long bytesSent(BucketLayout layout, int carriers) {
            return codec.bytesSent(layout, carriers);
        }
    }

    @Override
    public String run(Communicator communicator, List<String> arguments) throws Exception {
        Codec known = Codecs.parse(arguments.get(0));
        Codec codec = arguments.get(1).equals("forgets") ? new Forgetful(known) : known;
        int epochs = Integer.parseInt(arguments.get(4));
        Engine.getInstance().setRandomSeed(42);
        DistributedConfig distributed =
                DistributedConfig.builder()
                        .optSeed(7)
                        .optCheckSteps(0)
                        .optCodec(codec)
                        .optLocalSteps(Integer.parseInt(arguments.get(2)))
                        .optOuterOptimizer(OuterOptimizer.parse(arguments.get(3)))
                        .optSites(SiteChoice.parse("rank"))
                        .build();
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optOptimizer(
                                Optimizer.sgd()
                                        .setLearningRateTracker(
                                                Tracker.factor()
                                                        .setBaseValue(RATE)
                                                        .setFactor(0.999f)
                                                        .optMinValue(RATE / 10)
                                                        .build())
                                        .build());
        try (NDManager manager = NDManager.newBaseManager();
                Model model = Model.newInstance("fashion-mnist")) {
            model.setBlock(FashionCnn.create());
            RandomAccessDataset training = images(arguments.get(5), Part.TRAINING, manager, true);
            RandomAccessDataset test = images(arguments.get(5), Part.TEST, manager, false);
            long sent;
            try (DistributedTrainer trainer =
                    DistributedTrainer.create(model, config, distributed)) {
                trainer.initialize(FashionCnn.INPUT);
                long before = SocketBytes.sent();
                EasyTrain.fit(trainer, epochs, training, null);
                sent = SocketBytes.sent() - before;
            }
            return "%s %d %d %s"
                    .formatted(
                            ImageAccuracy.of(model.getBlock(), test, manager),
                            sent,
                            codec.bytesSent(layout(model.getBlock()), communicator.size()),
                            ParameterDigest.sha256(model.getBlock()));
        }
    }

    private static BucketLayout layout(Block block) {
        return BucketLayout.ofShapes(
                block.getParameters().values().stream()
                        .map(parameter -> parameter.getArray().getShape().getShape())
                        .toArray(long[][]::new));
    }

    private static RandomAccessDataset images(
            String source, Part part, NDManager manager, boolean shuffled) {
        LabelledImages images =
                source.equals("bundled")
                        ? LabelledImages.bundled(part)
                        : LabelledImages.in(Path.of(source), part);
        return images.dataset(manager, BATCH, shuffled);
    }
}
