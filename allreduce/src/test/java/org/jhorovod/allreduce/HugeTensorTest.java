package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.conformance.RankProcesses;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Two processes and a tensor that no single buffer holds. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class HugeTensorTest {
    private static final long GIB = 1L << 30;

    private static void sumOfTwo(long elementCount, int bufferBytes)
            throws IOException, InterruptedException {
        RankProcesses processes =
                new RankProcesses(
                        InetAddress.getLoopbackAddress(),
                        HugeTensorRank.class.getName(),
                        List.of("-XX:MaxDirectMemorySize=" + (elementCount + GIB / 4)),
                        rank -> Map.of());
        List<String> arguments = List.of(String.valueOf(elementCount), String.valueOf(bufferBytes));
        List<String> outputs = processes.run(2, List.of(), arguments, -1);
        List<String> digests =
                outputs.stream()
                        .flatMap(String::lines)
                        .filter(line -> line.startsWith("DIGEST "))
                        .toList();
        assertThat(digests).hasSize(2);
        assertThat(digests.get(1)).isEqualTo(digests.get(0));
    }

    @Test
    void bytesAreAdded_overTheSeamsOfSmallBuffers() throws IOException, InterruptedException {
        sumOfTwo(3_000_001, 500_009);
    }

    @Test
    @EnabledIfSystemProperty(
            named = "jhorovod.test.long",
            matches = "true",
            disabledReason = "takes 6 GiB of memory; run with -Plong")
    void threeGibibytesAreAdded() throws IOException, InterruptedException {
        assumeTrue(memoryBytes() > 8 * GIB, "this machine has less than 8 GiB of memory");
        sumOfTwo(3 * GIB, Integer.MAX_VALUE - 7);
    }

    private static long memoryBytes() {
        return ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                .getTotalMemorySize();
    }
}
