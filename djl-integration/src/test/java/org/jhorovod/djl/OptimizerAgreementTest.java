package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.optimizer.Optimizer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.InProcessCluster;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.djl.checkpoint.Description;
import org.jhorovod.djl.local.SiteChoice;
import org.jhorovod.djl.local.Sites;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ranks as threads, each with an optimizer of its own. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class OptimizerAgreementTest {

    @Test
    void sitesWeighByTheirRanks() {
        requireMean(4, 3, 3, 6);
    }

    @Test
    void aSiteWithoutAStep_takesWhatTheOthersHave() {
        requireMean(3, 3, 3, 0);
        requireMean(6, 0, 0, 6);
    }

    @Test
    void optimizersWithoutAStep_agreeOnNothing() {
        requireMean(0, 0, 0, 0);
    }

    /** Sites of ranks 0 and 1, and of rank 2; an optimizer that has 0 has made no step. */
    private static void requireMean(float mean, float... ofRanks) {
        try (InProcessCluster cluster = InProcessCluster.start(ofRanks.length)) {
            List<List<Float>> means = cluster.run(c -> agree(c, ofRanks[c.rank()], mean > 0));

            assertThat(means).allSatisfy(each -> assertThat(each).containsOnly(mean));
        }
    }

    /** Returns the momentum of the first parameter. */
    private static List<Float> agree(Communicator communicator, float own, boolean hasAny) {
        Optimizer optimizer = Optimizer.adam().build();
        try (Model model = Model.newInstance("one");
                Sites sites = Sites.of(communicator, "case", SiteChoice.parse("2,1"), 1)) {
            model.setBlock(TestModels.block("tanh-mlp"));
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, TestModels.IMAGE);
            List<NamedParameter> parameters = NamedParameter.of(model.getBlock());
            String first = parameters.get(0).name();
            OptimizerState state = new OptimizerState(optimizer, parameters);
            if (own > 0) {
                Description.Optimizer stepped =
                        new Description.Optimizer(
                                optimizer.getClass().getName(),
                                5,
                                Map.of(first, 5),
                                List.of("means/" + first));
                state.resume(stepped);
                for (NDArray each : state.allocate(stepped)) {
                    each.addi(own);
                }
            }
            OptimizerAgreement agreement =
                    new OptimizerAgreement(communicator, sites, "case", optimizer, parameters);

            agreement.run();

            if (!hasAny) {
                assertThat(state.describe().updates()).isZero();
                return List.of(0f);
            }
            assertThat(state.describe().updates()).isEqualTo(5);
            assertThat(state.describe().counts()).containsEntry(first, 5);
            float[] mean = state.allocate(state.describe()).get(0).toFloatArray();
            return List.of(mean[0], mean[mean.length - 1]);
        }
    }
}
