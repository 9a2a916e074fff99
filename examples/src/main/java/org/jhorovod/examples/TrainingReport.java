package org.jhorovod.examples;

import ai.djl.training.Trainer;
import java.io.PrintStream;
import java.util.Locale;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.djl.DistributedTrainer;
import org.jhorovod.djl.ParameterDigest;

/**
 * What an example says when it has finished.
 *
 * @param rank which process says it
 * @param ranks how many processes trained
 * @param transport how the bytes travelled between them
 * @param accuracy share of the test images that the model names rightly
 * @param imagesPerSecond training images a second over all ranks
 * @param waitingShare share of the steps spent waiting for communication, 0 to 1
 * @param digest SHA-256 of all parameters in order, in hexadecimal
 */
record TrainingReport(
        int rank,
        int ranks,
        String transport,
        double accuracy,
        double imagesPerSecond,
        double waitingShare,
        String digest) {

    /**
     * The report of a trainer that has finished and is still open.
     *
     * @param imagesPerSecond training images a second over all ranks
     */
    static TrainingReport of(Trainer trainer, double accuracy, double imagesPerSecond) {
        DistributedTrainer distributed = (DistributedTrainer) trainer;
        Communicator communicator = distributed.communicator();
        return new TrainingReport(
                communicator.rank(),
                communicator.size(),
                communicator.transportName(),
                accuracy,
                imagesPerSecond,
                distributed.statistics().waitingShare(),
                ParameterDigest.sha256(trainer.getModel().getBlock()));
    }

    /** Rank 0 prints the figures; every rank prints the digest, which must be the same on all. */
    void print(PrintStream out) {
        if (rank == 0) {
            out.println();
            line(out, "test accuracy", "%.4f", accuracy);
            line(out, "training speed", "%,.0f images/s over all ranks", imagesPerSecond);
            line(out, "ranks", "%d", ranks);
            line(out, "transport", "%s", transport);
            line(out, "communication", "%.1f %% of the step spent waiting", waitingShare * 100);
        }
        out.printf("SHA-256 of rank %d's parameters: %s%n", rank, digest);
    }

    private static void line(PrintStream out, String what, String format, Object value) {
        out.printf(Locale.ROOT, "%-15s " + format + "%n", what, value);
    }
}
