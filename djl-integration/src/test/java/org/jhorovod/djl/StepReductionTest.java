package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import java.util.List;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.config.Settings.ReduceChoice;
import org.jhorovod.djl.tuning.Setup;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How a world of one reduces the gradients of a model of two types. */
@Timeout(60)
class StepReductionTest {
    private final RecordingCommunicator communicator = new RecordingCommunicator(JHorovod.init());
    private NDManager manager;
    private LocalTraining ranks;
    private StepReduction reduction;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        Block block = TestModels.block("two-types");
        block.initialize(manager, DataType.FLOAT32, TestModels.IMAGE);
        List<NamedParameter> parameters = NamedParameter.of(block);
        parameters.forEach(p -> p.array().setRequiresGradient(true));
        DistributedConfig config =
                DistributedConfig.builder().optCommunicator(communicator.recording()).build();
        ranks = new LocalTraining(config, "trainer");
        reduction =
                StepReduction.of(
                        config,
                        new Setup(8, ReduceChoice.STEP),
                        ranks,
                        TrainerGroup.of(config.communicator()),
                        0,
                        "trainer",
                        parameters,
                        NativeGradients.find(parameters));
        reduction.prepare();
    }

    @AfterEach
    void close() {
        reduction.close();
        ranks.close();
        manager.close();
    }

    @Test
    void change_takesUpBucketsAndTime_andAllocatesNothing() {
        reduction.join(1, 0);
        assertThat(communicator.take("allocate")).as("one of each type").hasSize(2);
        assertThat(communicator.take("allReduce")).hasSize(2);
        assertThat(communicator.take("allReduceAsync")).isEmpty();

        reduction.change(new Setup(0, ReduceChoice.ENGINE));
        reduction.join(1, 1);
        assertThat(communicator.take("allReduce")).isEmpty();
        assertThat(communicator.take("allReduceAsync")).as("each parameter by itself").hasSize(6);

        reduction.change(new Setup(64, ReduceChoice.STEP));
        reduction.join(1, 2);
        assertThat(communicator.take("allReduce")).hasSize(2);
        assertThat(communicator.take("allocate")).isEmpty();
    }
}
