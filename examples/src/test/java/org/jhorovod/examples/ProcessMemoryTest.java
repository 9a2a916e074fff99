package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ProcessMemoryTest {

    @Test
    void residentSize_andItsPeak_areThoseOfTheStatusFile() {
        ProcessMemory memory =
                ProcessMemory.of(
                        "Name:\tjava\nVmHWM:\t  307200 kB\nVmRSS:\t  1024 kB\nRssAnon:\t 1 kB\n");

        assertThat(memory).isEqualTo(new ProcessMemory(1, 300));
    }

    @Test
    void thisProcess_hasSome() {
        ProcessMemory memory = ProcessMemory.read();

        assertThat(memory.residentMib()).isPositive().isLessThanOrEqualTo(memory.peakMib());
    }

    @Test
    void aSystemWithoutTheseLines_isRefusedInWords() {
        assertThatThrownBy(() -> ProcessMemory.of("VmRSS:\t1 kB\n"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("VmHWM", "/proc/self/status");
    }
}
