package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PrescaledSumTest {
    private static final int ADDRESS = 4096;

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "BFLOAT16", "FLOAT32", "FLOAT64"})
    void parts_areMultipliedWholly_whenALoneRankHasAnyNumberOfElements(DataType type) {
        PrescaledSum sum = new PrescaledSum(type, 0.5);
        LongStream.rangeClosed(1, 300_000)
                .forEach(
                        count -> {
                            long next = ADDRESS;
                            List<DeviceTensor> parts = sum.parts(tensor(type, count), 1);
                            for (DeviceTensor part : parts) {
                                if (part.address() != next || isCutShort(part)) {
                                    throw new AssertionError(count + " elements: " + parts);
                                }
                                next += part.elementCount() * type.byteCount();
                            }
                            if (next != ADDRESS + count * type.byteCount()) {
                                throw new AssertionError(count + " elements: " + parts);
                            }
                        });
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "FLOAT64"})
    void parts_areTheTensor_whenThereAreSeveralRanks(DataType type) {
        DeviceTensor tensor = tensor(type, 70_001);
        assertThat(new PrescaledSum(type, 0.5).parts(tensor, 2)).containsExactly(tensor);
    }

    private static DeviceTensor tensor(DataType type, long count) {
        return new DeviceTensor(type, count, 0, ADDRESS, 0);
    }

    /** As the kernel of NCCL before 2.29.7 shares elements out, in packs of 16 bytes. */
    private static boolean isCutShort(DeviceTensor part) {
        long count = part.elementCount();
        long bytes = count * part.type().byteCount();
        long blocks = Math.min(32, (bytes + 16_383) / 16_384);
        long pack = 16 / part.type().byteCount();
        long share = (count / blocks + pack - 1) / pack * pack;
        return share * blocks < count;
    }
}
