package org.jhorovod.launcher.spark;

import ai.djl.Model;
import ai.djl.metric.Metrics;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.EasyTrain;
import ai.djl.training.TrainingConfig;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.jhorovod.djl.DistributedConfig;
import org.jhorovod.djl.DistributedTrainer;
import org.jhorovod.djl.ParameterDigest;
import scala.Tuple2;

/** What each rank of a training on a DataFrame does. */
final class TrainingBody implements RankBody<Tuple2<Long, Sample>, RankOutcome> {
    private static final long serialVersionUID = 1L;
    private static final String MODEL = "spark";

    private final SparkTraining training;

    TrainingBody(SparkTraining training) {
        this.training = training;
    }

    @Override
    public RankOutcome call(RankContext rank, Iterator<Tuple2<Long, Sample>> partition)
            throws Exception {
        Share share = Share.read(rank.communicator(), partition);
        if (share.total() < share.size()) {
            throw new IllegalArgumentException(
                    "%d rows cannot be divided between %d ranks. Train with fewer ranks (setNumProc)."
                            .formatted(share.total(), share.size()));
        }
        ShareDataset dataset = ShareDataset.of(share, training.input(), training.batchSize());
        TrainingConfig config = training.newConfig(rank);
        try (Model model = Model.newInstance(MODEL, config.getDevices()[0])) {
            model.setBlock(training.newBlock());
            try (DistributedTrainer trainer =
                    DistributedTrainer.create(model, config, distributed(rank))) {
                trainer.setMetrics(new Metrics());
                trainer.initialize(new Shape(1).addAll(training.input()));
                int epochsLeft = training.epochs() - trainer.progress().epochs();
                EasyTrain.fit(trainer, Math.max(0, epochsLeft), dataset, null);
                return outcome(rank, share, trainer, model);
            }
        }
    }

    private DistributedConfig distributed(RankContext rank) {
        DistributedConfig.Builder builder =
                DistributedConfig.builder().optCommunicator(rank.communicator());
        Integer seed = training.seed();
        if (seed != null) {
            builder.optSeed(seed);
        }
        training.checkpoints().ifPresent(builder::optCheckpoints);
        return builder.build();
    }

    private static RankOutcome outcome(
            RankContext rank, Share share, DistributedTrainer trainer, Model model)
            throws Exception {
        Map<String, Float> evaluations =
                new HashMap<>(trainer.getTrainingResult().getEvaluations());
        evaluations.values().removeIf(value -> value == null || value.isNaN());
        RankReport report =
                new RankReport(
                        rank.rank(),
                        rank.communicator().topology().host(),
                        share.samples().size(),
                        evaluations,
                        ParameterDigest.sha256(model.getBlock()));
        return new RankOutcome(report, rank.rank() == 0 ? ParameterFile.read(model) : new byte[0]);
    }
}
