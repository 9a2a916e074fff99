package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.dataset.BatchSampler;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.evaluator.AbstractAccuracy;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.evaluator.IndexEvaluator;
import ai.djl.training.initializer.Initializer;
import ai.djl.training.listener.EpochTrainingListener;
import ai.djl.training.listener.LoggingTrainingListener;
import ai.djl.training.listener.SaveModelTrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.loss.SimpleCompositeLoss;
import ai.djl.training.optimizer.Optimizer;
import com.sun.jna.Pointer;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the trainer relies on in DJL without DJL promising it. */
@Timeout(60)
class DjlContractTest {

    private record Expected(Class<?> owner, String field, Class<?> type) {}

    static List<Expected> fields() {
        return List.of(
                new Expected(
                        RandomAccessDataset.class,
                        "sampler",
                        ai.djl.training.dataset.Sampler.class),
                new Expected(BatchSampler.class, "dropLast", boolean.class),
                new Expected(Evaluator.class, "totalInstances", Map.class),
                new Expected(AbstractAccuracy.class, "correctInstances", Map.class),
                new Expected(Loss.class, "totalLoss", Map.class),
                new Expected(IndexEvaluator.class, "evaluator", Evaluator.class),
                new Expected(Parameter.class, "array", NDArray.class),
                new Expected(Optimizer.class, "numUpdate", int.class),
                new Expected(Optimizer.class, "updateCounts", Map.class),
                new Expected(EpochTrainingListener.class, "numEpochs", int.class),
                new Expected(LoggingTrainingListener.class, "numEpochs", int.class),
                new Expected(SaveModelTrainingListener.class, "epoch", int.class));
    }

    @ParameterizedTest
    @MethodSource("fields")
    void field_isThereWithItsType(Expected expected) throws Exception {
        Field field = expected.owner().getDeclaredField(expected.field());

        assertThat(field.getType()).isEqualTo(expected.type());
    }

    @Test
    void modelFile_isWhatModelSaveWrites(@TempDir Path folder) throws Exception {
        try (Model model = Model.newInstance("same")) {
            Block block = TestModels.block("batch-norm");
            model.setBlock(block);
            block.initialize(model.getNDManager(), DataType.FLOAT32, TestModels.IMAGE);
            model.setProperty("Epoch", "3");
            model.save(folder, null);

            ByteArrayOutputStream written = new ByteArrayOutputStream();
            ModelFile.write(model, "same", 3, Map.of(), written);

            assertThat(folder.resolve(ModelFile.name("same", 3)))
                    .hasBinaryContent(written.toByteArray());
        }
    }

    @Test
    void sums_ofAccuracyAndLossesCanBeReadAndReplaced() {
        Accuracy accuracy = new Accuracy();
        Loss loss = Loss.l2Loss();
        SimpleCompositeLoss composite = new SimpleCompositeLoss();
        composite.addLoss(Loss.l1Loss());
        Evaluator indexed = new IndexEvaluator(new Accuracy(), 0);
        List<Evaluator> evaluators = List.of(accuracy, loss, composite, indexed);
        evaluators.forEach(evaluator -> evaluator.addAccumulator("key"));
        EvaluatorSums sums = new EvaluatorSums(evaluators);

        sums.write("key", new double[] {3, 4, 1.5, 2, 5, 2, 1, 4});

        assertThat(sums.read("key")).containsExactly(3, 4, 1.5, 2, 5, 2, 1, 4);
        assertThat(evaluators.stream().map(evaluator -> evaluator.getAccumulator("key")))
                .containsExactly(0.75f, 0.75f, 2.5f, 0.25f);
        sums.write("absent", new double[8]);
        assertThat(sums.read("absent")).containsOnly(0);
        assertThat(accuracy.getAccumulator("absent")).isNaN();
    }

    @Test
    void engine_wrapsAnArraysAddressInABuffer() throws Exception {
        Class<?> library = Class.forName(DeviceAddress.LIBRARY);
        Method method = library.getDeclaredMethod(DeviceAddress.METHOD, long.class);

        assertThat(method.getReturnType()).isEqualTo(ByteBuffer.class);
        assertThat(library.getDeclaredField(DeviceAddress.INSTANCE).getType()).isEqualTo(library);
        assertThat(library.getDeclaredMethod(DeviceAddress.CONTIGUOUS, long.class).getReturnType())
                .isEqualTo(boolean.class);
    }

    @Test
    void address_isThatOfTheFirstElement_alsoInAView() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray array = manager.arange(0f, 10f);
            long address = DeviceAddress.of(array);

            new Pointer(address).setFloat(5 * Float.BYTES, 42f);

            assertThat(array.getFloat(5)).isEqualTo(42f);
            assertThat(DeviceAddress.of(array.get("3:"))).isEqualTo(address + 3 * Float.BYTES);
        }
    }

    @Test
    void handle_isALong() {
        assertThat(PtNDArray.class.getGenericSuperclass().getTypeName())
                .contains("NativeResource<java.lang.Long>");
    }

    @Test
    void write_reachesParametersAndGradients() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray array = manager.ones(new Shape(2, 3));
            array.setRequiresGradient(true);
            Parameter parameter =
                    Parameter.builder()
                            .setName("p")
                            .setType(Parameter.Type.OTHER)
                            .optArray(array)
                            .build();
            FirstGradients.create(List.of(new NamedParameter("p", parameter)));

            NDArray gradient = array.getGradient();
            assertThat(gradient.toFloatArray()).containsOnly(0);
            TensorMemory.overwrite(gradient, bytes -> bytes.putFloat(4, 7f));

            assertThat(array.getGradient().toFloatArray()).containsExactly(0, 7, 0, 0, 0, 0);
            assertThat(TensorMemory.canOverwrite(array)).isTrue();
            assertThat(TensorMemory.canOverwrite(array.transpose())).isFalse();
        }
    }

    /** See Note [Where a gradient lies]. */
    @Test
    void backward_addsToTheMemoryThatWasMadeTheGradient() {
        Engine engine = Engine.getInstance();
        NativeGradients gradients = NativeGradients.find(engine).orElseThrow();
        ByteBuffer memory = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
        try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            NDArray array = manager.ones(new Shape(3));
            array.setRequiresGradient(true);
            NDArray flat = manager.create(memory, new Shape(4), DataType.FLOAT32);
            NDArray part = flat.get("1:");
            gradients.exchange(array, part);
            part.close();
            for (int times = 1; times <= 2; times++) {
                try (GradientCollector collector = engine.newGradientCollector()) {
                    collector.backward(array.mul(5).sum());
                }
                NDArray gradient = array.getGradient();
                assertThat(gradients.isGradient(array, gradient)).isTrue();
                assertThat(gradient.toFloatArray()).containsOnly(5f * times);
                assertThat(memory.getFloat(4)).isEqualTo(5f * times);
                assertThat(memory.getFloat(0)).isZero();
            }
            NDArray other = manager.zeros(new Shape(3));
            NDArray held = array.getGradient();
            gradients.exchange(array, other);
            assertThat(gradients.isGradient(array, held)).isFalse();
        }
    }

    /** See Note [A hook made of bytes]. */
    @Test
    void backward_callsAHook_onceItHasAddedToTheGradient() {
        Engine engine = Engine.getInstance();
        GradientHooks hooks = GradientHooks.find(engine).orElseThrow();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            NDArray array = manager.ones(new Shape(2));
            array.setRequiresGradient(true);
            List<Float> seen = new ArrayList<>();
            hooks.set(array, () -> seen.add(array.getGradient().getFloat(0)));
            for (int times = 0; times < 2; times++) {
                try (GradientCollector collector = engine.newGradientCollector()) {
                    collector.backward(array.mul(3).add(array).sum());
                }
            }
            assertThat(seen).containsExactly(4f, 8f);

            hooks.remove(array);
            try (GradientCollector collector = engine.newGradientCollector()) {
                collector.backward(array.mul(3).sum());
            }
            assertThat(seen).hasSize(2);
        }
    }

    @Test
    void update_leavesZerosAsGradient() {
        for (Optimizer optimizer :
                List.of(TestModels.optimizer("sgd"), TestModels.optimizer("adam"))) {
            try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
                NDArray array = manager.ones(new Shape(3));
                array.setRequiresGradient(true);
                Engine engine = Engine.getInstance();
                try (GradientCollector collector = engine.newGradientCollector()) {
                    collector.backward(array.mul(5).sum());
                }
                NDArray gradient = array.getGradient();
                optimizer.update("p", array, gradient);
                assertThat(gradient.toFloatArray()).containsOnly(0f);
                assertThat(array.toFloatArray()).doesNotContain(1f);
            }
        }
    }

    @Test
    void create_preparesTheModelAsNewTrainerDoes(@TempDir Path folder) throws Exception {
        Engine.getInstance().setRandomSeed(1);
        try (Model saved = Model.newInstance("saved")) {
            saved.setBlock(TestModels.block("batch-norm"));
            saved.newTrainer(config()).initialize(TestModels.IMAGE);
            saved.save(folder, "saved");
        }
        try (Model plain = load(folder);
                Model distributed = load(folder)) {
            plain.getBlock().freezeParameters(true);
            distributed.getBlock().freezeParameters(true);

            plain.newTrainer(config()).close();
            DistributedTrainer.create(distributed, config()).close();

            assertThat(trained(distributed.getBlock())).isEqualTo(trained(plain.getBlock()));
            assertThat(trained(plain.getBlock())).contains(true, false);
        }
        try (Model fresh = Model.newInstance("fresh")) {
            fresh.setBlock(TestModels.block("tanh-mlp"));
            try (DistributedTrainer trainer =
                    DistributedTrainer.create(
                            fresh,
                            config().optInitializer(Initializer.ONES, Parameter.Type.WEIGHT))) {
                trainer.initialize(TestModels.IMAGE);
                NDArray weight = NamedParameter.of(fresh.getBlock()).get(0).array();
                assertThat(weight.toFloatArray()).containsOnly(1f);
            }
        }
    }

    private static Model load(Path folder) throws Exception {
        Model model = Model.newInstance("saved");
        model.setBlock(TestModels.block("batch-norm"));
        model.load(folder, "saved");
        return model;
    }

    private static List<Boolean> trained(Block block) {
        return NamedParameter.of(block).stream()
                .map(parameter -> parameter.parameter().requiresGradient())
                .toList();
    }

    private static DefaultTrainingConfig config() {
        return new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss());
    }
}
