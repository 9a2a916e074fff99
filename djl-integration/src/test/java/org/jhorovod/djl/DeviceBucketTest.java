package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import com.sun.jna.Pointer;
import java.util.List;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** On the CPU, whose memory stands in for a device's: the bucket asks only for addresses. */
@Timeout(60)
class DeviceBucketTest {
    private NDManager manager;
    private List<NamedParameter> members;
    private DeviceBucket bucket;

    @BeforeEach
    void makeTwoParametersWithGradients() {
        manager = NDManager.newBaseManager();
        members = List.of(parameter("a", new Shape(2, 3)), parameter("b", new Shape(4)));
        FirstGradients.create(members);
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray loss =
                    members.get(0).array().mul(2).sum().add(members.get(1).array().mul(5).sum());
            collector.backward(loss);
        }
        List<BucketPlan.Entry> entries =
                members.stream()
                        .map(
                                m ->
                                        new BucketPlan.Entry(
                                                m.name(), DataType.FLOAT32, m.array().size()))
                        .toList();
        bucket =
                new DeviceBucket(
                        "bucket",
                        BucketPlan.of(entries, 1 << 20, 1 << 20).buckets().get(0),
                        members);
    }

    private NamedParameter parameter(String name, Shape shape) {
        NDArray array = manager.ones(shape);
        array.setRequiresGradient(true);
        Parameter parameter =
                Parameter.builder()
                        .setName(name)
                        .setType(Parameter.Type.OTHER)
                        .optArray(array)
                        .build();
        return new NamedParameter(name, parameter);
    }

    @AfterEach
    void close() {
        bucket.close();
        manager.close();
    }

    private float[] elements() {
        DeviceTensor tensor = bucket.tensor();
        return new Pointer(tensor.address())
                .getFloatArray(0, Math.toIntExact(tensor.elementCount()));
    }

    private float[] gradient(int member) {
        try (NDArray gradient = members.get(member).array().getGradient()) {
            return gradient.toFloatArray();
        }
    }

    @Test
    void fill_putsEachGradientAsItIs_andWeighsItInTheReduction() {
        Reduction reduction = bucket.fill(new Share(3, 4, false));

        assertThat(elements()).containsExactly(0, 2, 2, 2, 2, 2, 2, 5, 5, 5, 5);
        assertThat(reduction).isEqualTo(ReduceOp.SUM.prescaledBy(0.75));
    }

    @Test
    void fill_putsZeros_whenThereIsNoSample() {
        bucket.fill(new Share(3, 4, false));
        bucket.fill(new Share(0, 4, false));

        assertThat(elements()).containsOnly(0);
    }

    @Test
    void fill_putsZeros_whenTheStepBeforeLeftInfiniteSums() {
        Pointer memory = new Pointer(bucket.tensor().address());
        memory.setFloat(4, Float.POSITIVE_INFINITY);
        memory.setFloat(8, Float.NaN);

        bucket.fill(new Share(0, 4, false));

        assertThat(elements()).containsOnly(0);
    }

    @Test
    void drain_givesEachParameterItsPartOfTheMeans() {
        bucket.fill(new Share(3, 4, false));
        Pointer memory = new Pointer(bucket.tensor().address());
        // What other ranks would have added.
        IntStream.range(0, 11)
                .forEach(i -> memory.setFloat(4L * i, memory.getFloat(4L * i) + 100 * i));

        bucket.drain(5);

        assertThat(gradient(0)).containsExactly(102, 202, 302, 402, 502, 602);
        assertThat(gradient(1)).containsExactly(705, 805, 905, 1005);
    }

    @Test
    void tensor_keepsItsAddress_whenItIsFilledAgain() {
        long before = bucket.tensor().address();
        bucket.fill(new Share(1, 4, false));
        bucket.drain(4);
        bucket.fill(new Share(2, 4, false));

        assertThat(elements()[1]).isEqualTo(2);
        assertThat(bucket.tensor().address()).isEqualTo(before);
    }
}
