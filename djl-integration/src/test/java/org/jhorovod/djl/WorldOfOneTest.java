package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A program that is started without a launcher. */
@Timeout(60)
class WorldOfOneTest {

    private static DefaultTrainingConfig config() {
        return new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                .addEvaluator(new Accuracy())
                .addTrainingListeners(TrainingListener.Defaults.basic());
    }

    private static String train(BiFunction<Model, TrainingConfig, Trainer> newTrainer)
            throws Exception {
        Engine.getInstance().setRandomSeed(5);
        try (NDManager manager = NDManager.newBaseManager();
                Model model = Model.newInstance("one")) {
            model.setBlock(TestModels.block("dropout"));
            ArrayDataset data = TestModels.data(manager, 105, 10, true, false);
            try (Trainer trainer = newTrainer.apply(model, config())) {
                trainer.initialize(TestModels.IMAGE);
                EasyTrain.fit(trainer, 2, data, data);
                return ParameterDigest.sha256(model.getBlock())
                        + trainer.getTrainingResult().getEvaluations();
            }
        }
    }

    @Test
    void trainer_changesNothing() throws Exception {
        String plain = train(Model::newTrainer);

        assertThat(train(DistributedTrainer::create)).isEqualTo(plain);
        assertThat(plain).contains("validate_Accuracy");
    }

    @Test
    void trainer_knowsItsPlaceAndItsStatistics() throws Exception {
        train(
                (model, config) -> {
                    DistributedTrainer trainer = DistributedTrainer.create(model, config);
                    assertThat(trainer.rank()).isZero();
                    assertThat(trainer.communicator().size()).isEqualTo(1);
                    assertThat(trainer.statistics()).isEqualTo(new StepStatistics(0, 0, 0));
                    return trainer;
                });
    }

    @Test
    void severalDevices_areRefusedWithTheRemedy() {
        Device[] devices = {Device.cpu(), Device.of("cpu", 1)};
        try (Model model = Model.newInstance("one")) {
            model.setBlock(TestModels.block("tanh-mlp"));

            assertThatThrownBy(() -> DistributedTrainer.create(model, config().optDevices(devices)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("2 devices")
                    .hasMessageContaining("jhorovodrun -np 2");
        }
    }

    @Test
    void warmUp_loadsTheEngineOfTheClassPath() {
        WarmUp.main(new String[0]);

        assertThat(Engine.getInstance().getEngineName()).isEqualTo("PyTorch");
    }

    @Test
    void config_refusesNonsense_andPrefersTheProgram() {
        assertThatThrownBy(() -> DistributedConfig.builder().optBucketMib(-1))
                .hasMessageContaining("0 to 1024");
        assertThatThrownBy(() -> DistributedConfig.builder().optCheckSteps(-1))
                .hasMessageContaining("-1");
        DistributedConfig config =
                DistributedConfig.builder().optBucketMib(3).optCheckSteps(0).optSeed(9).build();
        assertThat(config.bucketMib()).isEqualTo(3);
        assertThat(config.checkSteps()).isZero();
        assertThat(config.seed()).hasValue(9);
        assertThat(DistributedConfig.builder().build().seed()).isEmpty();
    }
}
