package org.jhorovod.allreduce.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(10)
class SlurmListTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "n1|n1",
                "n[1-2]|n1 n2",
                "n[1-2,7],login|n1 n2 n7 login",
                "n[08-11]|n08 n09 n10 n11",
                "n[098-101]x|n098x n099x n100x n101x",
                "a,b[3]|a b3",
                "r[1-2]n[01-02]|r1n01 r1n02 r2n01 r2n02",
                "[1-2]|1 2",
                "a-b.c_d[0-0]|a-b.c_d0"
            })
    void nodes_areWrittenOut_inTheirOrder(String list, String nodes) {
        assertThat(SlurmList.nodes(list)).isEqualTo(List.of(nodes.split(" ", -1)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|a node has no name",
                "a,,b|a node has no name",
                "n[1-2|the brackets of 'n[1-2' do not fit",
                "n1-2]|the brackets of 'n1-2]' do not fit",
                "n[[1-2]]|the brackets of",
                "n[]|'' is no range of numbers",
                "n[2-1]|'2-1' ends before it starts",
                "n[1,x]|'x' is no range of numbers",
                "n[0-999999999]|more than 100000 nodes",
                "n[0-999][0-999]|more than 100000 nodes",
                "n 1|'n 1' is no name of a node"
            })
    void nodes_areRefused_withWhatIsWrong(String list, String reason) {
        assertThatThrownBy(() -> SlurmList.nodes(list))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void counts_areRepeated() {
        assertThat(SlurmList.counts("2")).containsExactly(2);
        assertThat(SlurmList.counts("2(x3),1,4(x1)")).containsExactly(2, 2, 2, 1, 4);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|'' is no number of tasks",
                "2(x|'2(x' is no number of tasks",
                "2,|'' is no number of tasks",
                "-1|'-1' is no number of tasks",
                "2(x999999999)|more than 100000 nodes",
                "99999999999|'99999999999' is no number of tasks"
            })
    void counts_areRefused_withWhatIsWrong(String list, String reason) {
        assertThatThrownBy(() -> SlurmList.counts(list))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }
}
