package org.jhorovod.djl;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.djl.budget.CommunicationBudget;
import org.jhorovod.djl.local.LocalPlan;
import org.jhorovod.djl.local.Numbers;

/** Makes sure that all ranks have built the same model before they exchange its elements. */
final class ModelAgreement {
    private static final String NOTHING = "nothing more";

    private ModelAgreement() {}

    /** What has to be equal on all ranks, in words, most telling first. */
    static List<String> describe(
            DistributedConfig config,
            boolean areBornInBuckets,
            List<String> evaluators,
            long stoppingListeners,
            List<NamedParameter> parameters) {
        List<String> lines = new ArrayList<>();
        lines.add(areBornInBuckets ? "gradients born in buckets" : "gradients copied to buckets");
        lines.add("buckets of %d MiB".formatted(config.bucketMib()));
        if (config.autotune().isOn()) {
            lines.add(
                    "autotune of buckets %s, of when %s from %s"
                            .formatted(
                                    config.autotune().tunesBuckets(),
                                    config.autotune().tunesReduce(),
                                    config.reduce()));
        }
        lines.add(config.place().describe(config.communicator(), parameters));
        lines.add(
                config.checkpoints()
                        .map(kept -> "checkpoints every %d steps".formatted(kept.everySteps()))
                        .orElse("no checkpoints"));
        lines.add(config.localPlan().map(LocalPlan::describe).orElse("no local steps"));
        lines.add("stragglers named every %d steps".formatted(config.stragglerSteps()));
        lines.add(config.balance() ? "samples by speed" : "as many samples for each rank");
        lines.add(
                config.gradientCodec()
                        .map(
                                codec ->
                                        "gradients packed by %s between sites"
                                                .formatted(codec.name()))
                        .orElse("gradients in full"));
        lines.add(
                config.communicationBudget()
                        .map(CommunicationBudget::describe)
                        .orElse("no communication budget"));
        lines.add("a check every %d steps".formatted(config.checkSteps()));
        lines.add("evaluators %s".formatted(evaluators));
        lines.add("%d early stopping listeners".formatted(stoppingListeners));
        for (NamedParameter parameter : parameters) {
            lines.add(
                    "parameter '%s'%s"
                            .formatted(
                                    parameter.describe(),
                                    parameter.isTrained() ? "" : " (frozen)"));
        }
        return lines;
    }

    /**
     * Compares the ranks' descriptions: a short digest when they agree, the lines only if not.
     *
     * @param name of the comparison on all ranks
     * @param lines what must be equal, most telling first
     * @throws MismatchException naming the first difference and both ranks
     */
    static void require(Communicator communicator, String name, List<String> lines) {
        String mine = String.join("\n", lines);
        byte[] digest = ParameterDigest.newSha256().digest(mine.getBytes(StandardCharsets.UTF_8));
        long[][] digests = Numbers.gather(communicator, name, ByteBuffer.wrap(digest).getLong());
        boolean equal = true;
        for (long[] ofRank : digests) {
            equal &= ofRank[0] == digests[0][0];
        }
        if (equal) {
            return;
        }
        List<List<String>> all =
                TextExchange.gather(communicator, name + "/details", mine).stream()
                        .map(text -> text.lines().toList())
                        .toList();
        throw new MismatchException(
                firstDifference(all)
                        .orElse("The ranks' models differ")
                        .concat(
                                ". All ranks must build the same model and the same training"
                                        + " configuration, in the same order."));
    }

    /** The first line in which a rank differs from rank 0, in words. */
    static Optional<String> firstDifference(List<List<String>> ofRanks) {
        List<String> first = ofRanks.get(0);
        int lines = ofRanks.stream().mapToInt(List::size).max().orElse(0);
        for (int line = 0; line < lines; line++) {
            for (int rank = 1; rank < ofRanks.size(); rank++) {
                String expected = lineOf(first, line);
                String actual = lineOf(ofRanks.get(rank), line);
                if (!actual.equals(expected)) {
                    return Optional.of(
                            "The ranks' models differ: rank 0 has %s, rank %d has %s"
                                    .formatted(expected, rank, actual));
                }
            }
        }
        return Optional.empty();
    }

    private static String lineOf(List<String> lines, int line) {
        return line < lines.size() ? lines.get(line) : NOTHING;
    }
}
