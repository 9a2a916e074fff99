package org.jhorovod.examples;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jhorovod.allreduce.InProcessCluster;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.examples.LabelledImages.Part;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Compares ways to train over a slow link, by the time to an accuracy. */
@Command(
        name = "slow-link",
        sortOptions = false,
        description = {
            "Compares ways to train over a slow link, by the time to a test accuracy.",
            "",
            "Trains the mlp of train-perf (784-1024-1024-10) on Fashion-MNIST once in each way, one"
                + " after another, from the same parameters and with the same data, until rank 0's"
                + " model is good enough or the time is up: then all ranks stop. A rank has one"
                + " compute thread unless the system property "
                    + TrainPerfOptions.THREADS
                    + " says more. plain averages the gradients of all ranks in each step. local:32"
                    + " has each site (host; on one host, rank) make 32 steps by itself before all"
                    + " average what they have learnt, with a codec in fewer bytes, with fragments"
                    + " beside the steps. budget:0.2 measures the link and chooses among these, so"
                    + " that communication takes a fifth of the time.",
            "",
            "The clock runs in all that training needs, and stands while rank 0 evaluates. So that"
                    + " nothing is sent for free meanwhile, it keeps copies of its parameters and"
                    + " evaluates up to 4 in one pause.",
            "",
            "The table has the seconds to the accuracy, the steps, the median step of rank 0 (which"
                + " with local steps is one that talks to nobody), what rank 0's host sent over its"
                + " networks up to then, and how many times sooner than plain it was there.",
            ""
        },
        footer = {
            "",
            "The JSON is one object. \"header\": what was trained, where. \"ways\": the table; what"
                    + " is not known is not there. \"curves\": way, stepMillis, points with steps,"
                    + " seconds, accuracy and sentBytes."
        })
public final class SlowLink implements Callable<Integer> {
    private static final int WARM_UP_SECONDS = 4;
    private static final int TEST_BATCH = 1000;

    @Mixin private final SlowLinkOptions options = new SlowLinkOptions();

    SlowLink() {}

    /** Starts the example; {@code --help} lists the options. */
    public static void main(String[] args) {
        System.exit(ExampleCommand.run(new SlowLink(), args));
    }

    @Override
    public Integer call() throws IOException, TranslateException {
        // Before the engine starts, which reads it once.
        System.getProperties().putIfAbsent(TrainPerfOptions.THREADS, "1");
        Communicator communicator = JHorovod.init().planned();
        options.report().requireFolder(communicator);
        ReportOptions.requireFolder(communicator, "--plot", options.plot().orElse(null));
        try (NDManager manager = NDManager.newBaseManager()) {
            RandomAccessDataset training = training(manager, communicator.size());
            RandomAccessDataset test =
                    options.images(Part.TEST).dataset(manager, TEST_BATCH, false);
            warmUp();
            compare(communicator, training, test);
        }
        return 0;
    }

    /** As many whole batches for each rank, so that all make the same steps. */
    private RandomAccessDataset training(NDManager manager, int ranks) {
        RandomAccessDataset all =
                options.images(Part.TRAINING).dataset(manager, options.batch(), true);
        int ofAll = Math.multiplyExact(options.batch(), ranks);
        long batches = all.size() / ofAll;
        if (batches == 0) {
            throw new DataException(
                    "There are %d training images, not enough for a step of %d ranks with %d each. Choose a smaller --batch, or name more images with --data."
                            .formatted(all.size(), ranks, options.batch()));
        }
        return all.subDataset(0, Math.toIntExact(batches * ofAll));
    }

    /** Has the JVM compile what trains, so that the first way does not wait for it. */
    private void warmUp() {
        try (SyntheticImages images =
                        new SyntheticImages(
                                PerfModel.MLP, options.batch(), 1, TrainDevice.CPU.device());
                InProcessCluster alone = InProcessCluster.start(1);
                StepLoop loop =
                        StepLoop.open(
                                PerfModel.MLP,
                                SyncMode.OFF,
                                alone.communicators().get(0),
                                images)) {
            long end = System.nanoTime() + WARM_UP_SECONDS * 1_000_000_000L;
            while (System.nanoTime() < end) {
                loop.run(SyntheticImages.BATCHES);
            }
        }
    }

    private void compare(
            Communicator communicator, RandomAccessDataset training, RandomAccessDataset test)
            throws IOException, TranslateException {
        SlowLinkHeader header = header(communicator, training.size());
        boolean isTold = communicator.rank() == 0;
        if (isTold) {
            SlowLinkTable.header(header).forEach(System.out::println);
        }
        List<AccuracyCurve> curves = new ArrayList<>();
        for (TrainingWay way : options.ways()) {
            try (WayRun run = new WayRun(options, way, training, test)) {
                run.run().ifPresent(curves::add);
            }
        }
        if (isTold) {
            tell(SlowLinkReport.of(header, curves, options.plainSteps()));
        }
    }

    private SlowLinkHeader header(Communicator communicator, long images) {
        return new SlowLinkHeader(
                images,
                options.batch(),
                options.rate(),
                communicator.size(),
                RankValues.hosts(communicator),
                communicator.transportName(),
                options.accuracy(),
                options.seconds());
    }

    private void tell(SlowLinkReport report) throws IOException {
        SlowLinkTable.body(report).forEach(System.out::println);
        options.report().write(report);
        Optional<Path> plot = options.plot();
        if (plot.isPresent()) {
            AccuracyChart.write(report, plot.get());
        }
    }
}
