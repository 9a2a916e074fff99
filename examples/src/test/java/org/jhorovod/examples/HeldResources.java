package org.jhorovod.examples;

import ai.djl.nn.Block;
import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a process holds in the middle of training, garbage left out. What the heap may grow to is
 * resident from the start where the JVM touches it all, and grows no more then.
 *
 * @param residentKib memory of all kinds
 * @param heapKib of Java objects
 * @param threads that live
 * @param files that are open, sockets among them
 * @param arrays of DJL that the model's manager keeps
 */
record HeldResources(long residentKib, long heapKib, long threads, long files, long arrays) {

    /** Of this process now. */
    static HeldResources now(Block block) {
        System.gc();
        return new HeldResources(
                Math.round(ProcessMemory.read().residentMib() * 1024),
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 10,
                ManagementFactory.getThreadMXBean().getThreadCount(),
                ManagementFactory.getPlatformMXBean(UnixOperatingSystemMXBean.class)
                        .getOpenFileDescriptorCount(),
                block.getParameters().valueAt(0).getArray().getManager().getManagedArrays().size());
    }

    /** By how much it is more than before. */
    HeldResources since(HeldResources before) {
        return new HeldResources(
                residentKib - before.residentKib,
                heapKib - before.heapKib,
                threads - before.threads,
                files - before.files,
                arrays - before.arrays);
    }

    /** As numbers with a space between. */
    String encode() {
        return "%d %d %d %d %d".formatted(residentKib, heapKib, threads, files, arrays);
    }

    /** From what {@link #encode} gave. */
    static HeldResources decode(String text) {
        List<Long> numbers = Stream.of(text.split(" ", -1)).map(Long::valueOf).toList();
        return new HeldResources(
                numbers.get(0), numbers.get(1), numbers.get(2), numbers.get(3), numbers.get(4));
    }
}
