package org.jhorovod.examples;

import ai.djl.Device;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Measures all-reduce, and prints the table of NVIDIA's nccl-tests. */
@Command(
        name = "allreduce-perf",
        sortOptions = false,
        description = {
            "Measures all-reduce in the table of nccl-tests, and checks its results.",
            "",
            "algbw is the size by the time (GB = 1e9 bytes); busbw = algbw * 2(n-1)/n with n ranks,"
                + " the bandwidth of each link of a ring. A time is the median over iterations that"
                + " each last as long as on the slowest rank. All-reduce works in place: what"
                + " stands out of place is a copy of the input and an all-reduce of the copy, both"
                + " timed. Times are taken with zeros. #wrong counts the elements over all ranks"
                + " that differ from a reference in a run of its own with other values: integers,"
                + " MIN and MAX must be exact, other floating-point results as near to float64's as"
                + " n roundings allow.",
            ""
        },
        footer = {
            "",
            "The JSON is one object. \"header\": ranks, hosts, transport, memory, cores and jdk (of"
                + " rank 0), iterations, warmup. \"rows\": size (bytes), count, type, redop, root"
                + " (-1, there is none), and for \"outOfPlace\" and \"inPlace\" each timeMicros"
                + " (the median), minMicros, maxMicros, algbw, busbw (of the median), wrong. Then"
                + " \"averageBusbw\" over all rows, in and out of place, and \"wrong\" in all.",
            "",
            "The exit code is 1 if an element is wrong."
        })
public final class AllReducePerf implements Callable<Integer> {

    @Mixin private final PerfOptions options = new PerfOptions();

    AllReducePerf() {}

    /** Starts the example; {@code --help} lists the options. */
    public static void main(String[] args) {
        System.exit(ExampleCommand.run(new AllReducePerf(), args));
    }

    @Override
    public Integer call() throws IOException {
        List<Long> sizes = options.sizes();
        options.types().forEach(options::ops); // what cannot be is said before anything starts
        Communicator communicator = JHorovod.init().planned();
        options.report().requireFolder(communicator);
        if (options.isOnDevice()) {
            RankGpus.require(
                    communicator, communicator.reducesOnDevice(), "--device", "host memory");
        }
        try (PerfMemory memory = memory(communicator, sizes.get(sizes.size() - 1))) {
            PerfReport report = measure(communicator, memory, sizes);
            if (communicator.rank() == 0) {
                options.report().write(report);
            }
            return report.wrong() == 0 ? 0 : 1;
        }
    }

    /** Measures row by row; rank 0 prints each when it is there. */
    private PerfReport measure(Communicator communicator, PerfMemory memory, List<Long> sizes) {
        PerfHeader header = header(communicator, memory);
        PrintStream out = communicator.rank() == 0 ? System.out : null;
        if (out != null) {
            PerfTable.header(header).forEach(out::println);
        }
        PerfRun run = new PerfRun(communicator, memory, options.iterations(), options.warmup());
        List<PerfRow> rows = new ArrayList<>();
        for (DataType type : options.types()) {
            for (ReduceOp op : options.ops(type)) {
                for (long size : sizes) {
                    PerfRow row = run.row(type, op, Math.max(1, size / type.byteCount()));
                    rows.add(row);
                    if (out != null) {
                        out.println(PerfTable.row(row));
                    }
                }
            }
        }
        PerfReport report = PerfReport.of(header, rows);
        if (out != null) {
            PerfTable.footer(report).forEach(out::println);
        }
        return report;
    }

    private PerfMemory memory(Communicator communicator, long byteCount) {
        if (options.isOnDevice()) {
            return new ArrayMemory(Device.gpu(0), byteCount);
        }
        return options.isRegistered()
                ? HostMemory.registered(communicator, byteCount)
                : HostMemory.ordinary(byteCount);
    }

    private PerfHeader header(Communicator communicator, PerfMemory memory) {
        return new PerfHeader(
                communicator.size(),
                RankValues.hosts(communicator),
                communicator.transportName(),
                memory.name(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.version", ""),
                options.iterations(),
                options.warmup());
    }
}
