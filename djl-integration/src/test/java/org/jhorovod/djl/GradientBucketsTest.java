package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.codec.Codecs;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.djl.local.SiteChoice;
import org.jhorovod.djl.local.Sites;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Gradients of two types, in the buckets of a world of one. */
@Timeout(60)
class GradientBucketsTest {
    private static final long MIB = 1 << 20;
    private static final int[] GAPS = {40, 47, 63};

    private final RecordingCommunicator communicator = new RecordingCommunicator(JHorovod.init());
    private NDManager manager;
    private List<NamedParameter> parameters;
    private GradientBuckets buckets;

    @BeforeEach
    void makeParametersAndTheirBuckets() {
        manager = NDManager.newBaseManager();
        parameters =
                List.of(
                        parameter("a", new Shape(3, 5), DataType.FLOAT32),
                        parameter("b", new Shape(7), DataType.FLOAT64),
                        parameter("c", new Shape(40), DataType.FLOAT32),
                        parameter("d", new Shape(2, 2), DataType.FLOAT64));
        buckets =
                new GradientBuckets(
                        communicator.recording(),
                        "trainer",
                        parameters,
                        MIB,
                        ReductionPlace.onHost(),
                        NativeGradients.find(parameters),
                        Optional.empty());
        buckets.prepare();
        backward();
    }

    private NamedParameter parameter(String name, Shape shape, DataType type) {
        NDArray array = manager.ones(shape, type);
        array.setRequiresGradient(true);
        Parameter parameter =
                Parameter.builder()
                        .setName(name)
                        .setType(Parameter.Type.OTHER)
                        .optArray(array)
                        .build();
        return new NamedParameter(name, parameter);
    }

    /** Gives the parameters gradients of 1, 2, 3 and 4. */
    private void backward() {
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray loss = manager.zeros(new Shape());
            for (int i = 0; i < parameters.size(); i++) {
                loss = loss.add(parameters.get(i).array().mul(i + 1).sum());
            }
            collector.backward(loss);
        }
    }

    @AfterEach
    void close() {
        buckets.close();
        manager.close();
    }

    private void step() {
        buckets.prepare();
        buckets.finish(buckets.begin(new SampleCounts.Told(4, 1, 0)), true);
    }

    private List<Pointer> addresses() {
        return parameters.stream()
                .map(
                        p -> {
                            try (NDArray gradient = p.array().getGradient()) {
                                return address(gradient);
                            }
                        })
                .toList();
    }

    private static Pointer address(NDArray array) {
        return Native.getDirectBufferPointer(TensorMemory.bytes(array));
    }

    private void requireGradients() {
        for (int i = 0; i < parameters.size(); i++) {
            try (NDArray gradient = parameters.get(i).array().getGradient()) {
                requireElements(gradient, i + 1);
            }
        }
    }

    private static void requireElements(NDArray gradient, int expected) {
        Number[] elements = gradient.toArray();
        assertThat(Arrays.stream(elements).map(Number::intValue)).containsOnly(expected);
    }

    @Test
    void buckets_ofAnotherSize_areCutFromTheSameMemory() {
        List<Pointer> before = addresses();
        assertThat(buckets.made()).hasSize(2);

        buckets.limit(64);
        step();

        assertThat(buckets.made()).hasSize(4);
        assertThat(buckets.made().stream().flatMap(bucket -> bucket.born().stream()))
                .containsExactlyInAnyOrderElementsOf(parameters);
        assertThat(addresses()).isEqualTo(before);
        requireGradients();

        buckets.limit(MIB);
        step();

        assertThat(buckets.made()).hasSize(2);
        assertThat(addresses()).isEqualTo(before);
        assertThat(communicator.take("allocate")).as("one of each type").hasSize(2);
        requireGradients();
    }

    @Test
    void buckets_areNotCurrent_untilTheyAreCut() {
        assertThat(buckets.areCurrent()).isTrue();

        buckets.limit(64);
        assertThat(buckets.areCurrent()).isFalse();
        buckets.prepare();
        assertThat(buckets.areCurrent()).isTrue();

        buckets.limit(64);
        assertThat(buckets.areCurrent()).as("nothing is new").isTrue();
    }

    @Test
    void keptGradient_staysReadable_whenBucketsChangeAndWhenTheyAreClosed() {
        NDArray kept = parameters.get(2).array().getGradient();

        buckets.limit(64);
        step();
        requireElements(kept, 3);

        buckets.close();
        requireElements(kept, 3);
        requireGradients();
        assertThat(addresses()).doesNotContain(address(kept));
    }

    @Test
    void otherTrainedParameters_haveOtherMemory_inBucketsOfTheNewSize() {
        parameters.get(0).parameter().freeze(true);
        buckets.limit(64);
        step();

        assertThat(buckets.made()).hasSize(3);
        assertThat(communicator.take("allocate")).hasSize(4).doesNotHaveDuplicates();
        try (NDArray gradient = parameters.get(2).array().getGradient()) {
            requireElements(gradient, 3);
        }
    }

    private GradientBucket ofFloat32() {
        return buckets.made().stream()
                .filter(each -> each.layout().isPresent())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void layout_tellsCodecsWhereGradientsAre() {
        GradientLayout layout = ofFloat32().layout().orElseThrow();

        assertThat(layout.elements().elementCount()).isEqualTo(64);
        assertThat(layout.members())
                .containsExactly(
                        new GradientLayout.Member(parameters.get(2), 0),
                        new GradientLayout.Member(parameters.get(0), 48));
    }

    @Test
    void packedReduction_clearsWhatIsBetweenGradients_andNothingElse() {
        FloatBuffer floats = ((HostTensor) ofFloat32().tensor()).buffers().get(0).asFloatBuffer();
        // As a codec leaves them where some gradient was infinite.
        for (int gap : GAPS) {
            floats.put(gap, Float.NaN);
        }
        reducePacked("float16");

        for (int gap : GAPS) {
            assertThat(floats.get(gap)).isZero();
        }
        requireGradients();
    }

    @Test
    void residuals_areThoseOfTheirParameters() {
        KeptElements left = reducePacked("int8");

        assertThat(left.names()).containsExactly("c", "a");
        requireElements(left, "c", 0);
        try (NDArray gradient = parameters.get(0).array().getGradient()) {
            float sent = gradient.getFloat(0, 0);
            assertThat(sent).isNotEqualTo(1).isCloseTo(1, within(0.01f));
            requireElements(left, "a", 1 - sent);
        }
    }

    private static void requireElements(KeptElements kept, String name, float expected) {
        FloatBuffer elements = Objects.requireNonNull(kept.elements().get(name));
        for (int i = 0; i < elements.limit(); i++) {
            assertThat(elements.get(i)).as(name).isCloseTo(expected, within(1e-6f));
        }
    }

    private KeptElements reducePacked(String codec) {
        try (Sites sites = Sites.of(JHorovod.init(), "test", SiteChoice.parse("rank"), 0)) {
            PackedReduction packing =
                    new PackedReduction(JHorovod.init(), sites, Codecs.parse(codec), "test");
            packing.reduce(ofFloat32(), Reduction.of(ReduceOp.SUM), 4);
            return packing.takeResiduals(buckets.made()).orElseThrow();
        }
    }
}
