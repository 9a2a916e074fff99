package org.jhorovod.allreduce.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ElementsTest {
    private static final int COUNT = 100;

    private static HostTensor filled(long key, DataType type, int rank) {
        HostTensor tensor = HostTensor.allocate(type, COUNT);
        new Elements(key, type, ReduceOp.SUM).fill(tensor, rank);
        return tensor;
    }

    @ParameterizedTest
    @EnumSource
    void anotherRank_anotherTensor_andAnotherElement_areDifferent(DataType type) {
        Elements elements = new Elements(1, type, ReduceOp.SUM);
        assertThat(elements.differenceFrom(filled(1, type, 0), 0)).isEmpty();
        assertThat(elements.differenceFrom(filled(1, type, 1), 0)).isPresent();
        assertThat(elements.differenceFrom(filled(2, type, 0), 0)).isPresent();
        HostTensor changed = filled(1, type, 0);
        ByteBuffer last = changed.view(changed.byteCount() - 1, 1);
        last.put(0, (byte) (last.get(0) ^ 1));
        assertThat(elements.differenceFrom(changed, 0))
                .hasValueSatisfying(text -> assertThat(text).contains("element 99 "));
    }
}
