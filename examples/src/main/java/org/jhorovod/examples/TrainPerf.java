package org.jhorovod.examples;

import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Measures training steps, and what averaging over all ranks costs them. */
@Command(
        name = "train-perf",
        sortOptions = false,
        description = {
            "Measures training steps on synthetic images, and what averaging costs them.",
            "",
            "A step is forward, backward and trainer.step(): plain SGD with learning rate 0.01 on"
                + " softmax cross-entropy. A GPU computes while the program goes on, so there a"
                + " step also waits for what it has computed, by reading the loss. The images are"
                + " random, made before, and come from trainer.iterateDataset, ten batches a rank"
                + " and pass; what that takes is not timed. All ranks start with the same"
                + " parameters.",
            "",
            "What --sync chooses:",
            "  on       DistributedTrainer, which averages the gradients of all ranks",
            "  off      DistributedTrainer in a world of its own rank, which exchanges nothing",
            "  none     the trainer of DJL's model.newTrainer on each rank",
            "  single   as on, but each gradient is reduced by itself",
            "  named    the trainer of DJL's model.newTrainer, before whose step each gradient is"
                    + " submitted by its name: the ranks agree what to reduce together",
            "  traced   as on, while a timeline of all ranks is written, and the JVM's flight"
                    + " recorder records with its default configuration",
            "  compare  on, off and none in the same processes, block by block in turn",
            "  fusion   on, single and named, in the same way",
            "  tracing  on and traced, in the same way",
            "",
            "The ranks meet before each block. A step's time is that of its slowest rank; the table"
                + " has the median, the shortest and the longest over all steps, the images a"
                + " second of all ranks in the median step, the share of the steps that the ranks,"
                + " on average, waited for each other, and the bytes that a rank sent in a step, on"
                + " average, to agree with the others (heartbeats left out). Several modes add the"
                + " ratios between them, each of the medians over the blocks' medians, with the 95"
                + " %% interval of 2000 bootstrap resamples of the rounds. A round has a block of"
                + " each mode, in another order than the round before. on/off is what averaging"
                + " costs, and off/none what the trainer costs without it.",
            "",
            "The resident size is what Linux counts (VmHWM at its peak, and VmRSS), of the rank"
                + " that has most: with compare, of all three modes together. Two modes are to be"
                + " compared with the same -Xmx (JAVA_TOOL_OPTIONS), in processes of their own.",
            ""
        },
        footer = {
            "",
            "The JSON is one object. \"header\": model, parameters, batch, device, ranks, hosts,"
                + " transport, threads, cores and jdk (of rank 0), steps, blocks. \"modes\": sync,"
                + " stepMillis (the median), minMillis, maxMillis, imagesPerSecond, waitingShare (0"
                + " to 1, with the steps that are not timed but the first), controlBytes,"
                + " blockMillis (every step, a list a block). \"ratios\", empty for one mode: of,"
                + " by, ratio, low, high. \"memory\": heapLimitMib, peakMib (of each rank),"
                + " residentMib (of each rank, a list a round). \"sameParameters\", with modes that"
                + " average only: whether all ranks ended with the same.",
            "",
            "The exit code is 1 if ranks that averaged ended with different parameters."
        })
public final class TrainPerf implements Callable<Integer> {

    @Mixin private final TrainPerfOptions options = new TrainPerfOptions();

    TrainPerf() {}

    /** Starts the example; {@code --help} lists the options. */
    public static void main(String[] args) {
        System.exit(ExampleCommand.run(new TrainPerf(), args));
    }

    @Override
    public Integer call() throws IOException {
        // Before the engine starts, which reads it once.
        System.setProperty(TrainPerfOptions.THREADS, Integer.toString(options.threads()));
        NamedCommunicator named = JHorovod.init();
        Communicator communicator = named.planned();
        options.report().requireFolder(communicator);
        if (options.device() == TrainDevice.GPU) {
            RankGpus.require(communicator, true, "--device gpu", "the CPU");
        }
        try (SyntheticImages images = images(communicator.size());
                TrainPerfRun run =
                        new TrainPerfRun(named, options.model(), images, options.modes())) {
            return measure(communicator, run);
        }
    }

    private SyntheticImages images(int ranks) {
        return new SyntheticImages(
                options.model(), options.batch(), ranks, options.device().device());
    }

    /** Measures all modes; rank 0 tells. */
    private int measure(Communicator communicator, TrainPerfRun run) throws IOException {
        TrainPerfHeader header = header(communicator, run.parameterCount());
        if (communicator.rank() == 0) {
            TrainPerfTable.header(header).forEach(System.out::println);
        }
        run.warmUp(options.warmUpSeconds(), options.steps());
        List<StepTimes> times = run.measure(options.blocks(), options.steps());
        TrainPerfMemory memory = run.memory();
        OptionalInt other = run.firstUnlikeRank0();
        if (communicator.rank() == 0) {
            tell(TrainPerfReport.of(header, times, memory, other.isEmpty()));
        }
        other.ifPresent(TrainPerf::complain);
        return other.isPresent() ? 1 : 0;
    }

    private TrainPerfHeader header(Communicator communicator, long parameterCount) {
        return new TrainPerfHeader(
                options.model().word(),
                parameterCount,
                options.batch(),
                options.device().word(),
                communicator.size(),
                RankValues.hosts(communicator),
                communicator.transportName(),
                options.threads(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.version", ""),
                options.steps(),
                options.blocks());
    }

    private void tell(TrainPerfReport report) throws IOException {
        TrainPerfTable.body(report).forEach(System.out::println);
        options.report().write(report);
    }

    private static void complain(int rank) {
        System.err.printf(
                "Rank %d ended with other parameters than rank 0, though they averaged every step."
                        + " This is a fault of JHorovod; please report it.%n",
                rank);
    }
}
