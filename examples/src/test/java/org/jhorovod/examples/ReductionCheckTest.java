package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jhorovod.allreduce.InProcessCluster;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Against real reductions of three ranks. */
@Timeout(60)
class ReductionCheckTest {
    private static final int COUNT = 1003;
    private static InProcessCluster cluster;

    @BeforeAll
    static void start() {
        cluster = InProcessCluster.start(3);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    static Stream<Arguments> reductions() {
        return Stream.of(DataType.values())
                .flatMap(
                        type ->
                                Stream.of(ReduceOp.values())
                                        .filter(type::supports)
                                        .filter(ReduceOp::isElementWise)
                                        .map(op -> Arguments.of(type, op)));
    }

    @ParameterizedTest
    @MethodSource("reductions")
    void everyElement_ofARealReductionIsRight_andOneThatIsChangedIsNot(DataType type, ReduceOp op)
            throws Exception {
        ReductionCheck check = new ReductionCheck(type, op, 3, 7);
        HostTensor result = reduce(check, type, op);

        assertThat(check.countWrong(result)).isZero();

        plant(result, COUNT - 1);
        assertThat(check.countWrong(result)).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(value = DataType.class, names = "BOOL", mode = EnumSource.Mode.EXCLUDE)
    void result_ofAnotherOperationOrOfOtherValues_isWrong(DataType type) throws Exception {
        ReductionCheck check = new ReductionCheck(type, ReduceOp.SUM, 3, 7);
        HostTensor sums = reduce(check, type, ReduceOp.SUM);

        assertThat(new ReductionCheck(type, ReduceOp.SUM, 3, 8).countWrong(sums))
                .isGreaterThan(COUNT / 2);
        assertThat(new ReductionCheck(type, ReduceOp.AVERAGE, 3, 7).countWrong(sums))
                .isGreaterThan(COUNT / 2);
        assertThat(new ReductionCheck(type, ReduceOp.SUM, 2, 7).countWrong(sums))
                .isGreaterThan(COUNT / 2);
    }

    @Test
    void notANumber_isWrong() throws Exception {
        ReductionCheck check = new ReductionCheck(DataType.FLOAT16, ReduceOp.SUM, 3, 7);
        HostTensor result = reduce(check, DataType.FLOAT16, ReduceOp.SUM);
        result.buffers().get(0).putShort(10, (short) 0x7e00).putShort(20, (short) 0x7c00);

        assertThat(check.countWrong(result)).isEqualTo(2);
    }

    @Test
    void inputs_differBetweenRanks_andBetweenElements() {
        ReductionCheck check = new ReductionCheck(DataType.INT64, ReduceOp.SUM, 3, 7);
        List<Long> drawn = new ArrayList<>();
        for (int rank = 0; rank < 3; rank++) {
            HostTensor input = HostTensor.allocate(DataType.INT64, COUNT);
            check.fill(input, rank);
            for (int i = 0; i < COUNT; i++) {
                drawn.add(input.buffers().get(0).getLong(8 * i));
            }
        }
        assertThat(drawn).doesNotHaveDuplicates();
    }

    @Test
    void run_countsNothingWrong_onArraysAsOnTheHost() throws Exception {
        List<PerfRow> rows =
                cluster.run(
                        communicator -> {
                            try (PerfMemory host = HostMemory.ordinary(4 * COUNT);
                                    PerfMemory arrays = new ArrayMemory(Device.cpu(), 4 * COUNT)) {
                                new PerfRun(communicator, host, 3, 1)
                                        .row(DataType.FLOAT32, ReduceOp.SUM, COUNT);
                                return new PerfRun(communicator, arrays, 3, 1)
                                        .row(DataType.FLOAT32, ReduceOp.AVERAGE, COUNT);
                            }
                        });

        assertThat(rows)
                .hasSize(3)
                .allSatisfy(
                        row -> {
                            assertThat(row.count()).isEqualTo(COUNT);
                            assertThat(row.size()).isEqualTo(4 * COUNT);
                            assertThat(row.inPlace().wrong()).isZero();
                            assertThat(row.outOfPlace().wrong()).isZero();
                            assertThat(row.inPlace().timeMicros()).isPositive();
                        });
        assertThat(rows.get(1).inPlace()).isEqualTo(rows.get(0).inPlace());
    }

    private static HostTensor reduce(ReductionCheck check, DataType type, ReduceOp op)
            throws Exception {
        return cluster.run(
                        communicator -> {
                            HostTensor tensor = HostTensor.allocate(type, COUNT);
                            check.fill(tensor, communicator.rank());
                            communicator.allReduce("tensor", tensor, op);
                            return tensor;
                        })
                .get(2);
    }

    /** Changes an element as little as shows: its sign, or the lowest bit of a whole number. */
    private static void plant(HostTensor tensor, int index) {
        ByteBuffer buffer = tensor.buffers().get(0);
        int bytes = tensor.type().byteCount();
        boolean isReal = tensor.type().isFloatingPoint();
        int at = index * bytes + (isReal ? bytes - 1 : 0);
        buffer.put(at, (byte) (buffer.get(at) ^ (isReal ? 0x80 : 1)));
    }
}
