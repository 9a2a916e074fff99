package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * What a job of {@link CnnProgram} has left.
 *
 * @param out what its ranks said
 * @param models the files with their parameters, without the rank at the end
 */
record CnnRun(String out, Path models) {
    private static final double TOLERANCE = 1e-5; // sums of floats in another order
    private static final Pattern PLACE =
            Pattern.compile("rank \\d+ of \\d+, local \\d+ of \\d+, cross \\d+ of \\d+");
    private static final Pattern DIGEST =
            Pattern.compile("SHA-256 of rank \\d+'s parameters: ([0-9a-f]{64})");

    /** A run on this machine, with jhorovodrun alone. */
    static CnnRun here(int ranks, Path folder) throws IOException, InterruptedException {
        Path models = folder.resolve("here");
        Jhorovodrun.Result result = RankJava.of(ranks, CnnProgram.class, models.toString()).run();
        assertThat(result.code()).as(result.err()).isZero();
        return new CnnRun(result.out(), models);
    }

    /**
     * Asserts that its ranks knew their places, and that all have one model: that of another run,
     * but for rounding.
     *
     * @param places as {@code rank 0 of 2, local 0 of 1, cross 0 of 2}, in rank order
     */
    void assertModelOf(CnnRun other, String... places) throws IOException {
        assertThat(PLACE.matcher(out).results().map(MatchResult::group).sorted())
                .containsExactly(places);
        List<String> digests = DIGEST.matcher(out).results().map(match -> match.group(1)).toList();
        assertThat(digests).hasSize(places.length).containsOnly(digests.get(0));
        for (int rank = 1; rank < places.length; rank++) {
            assertThat(Path.of(models + "" + rank)).hasSameBinaryContentAs(Path.of(models + "0"));
        }
        double distance = distance(Path.of(models + "0"), Path.of(other.models + "0"));
        System.out.printf("relative distance of %d ranks: %.2g%n", places.length, distance);
        assertThat(distance).isLessThan(TOLERANCE);
    }

    /** Of the 2-norms of difference and expectation. */
    private static double distance(Path actual, Path expected) throws IOException {
        FloatBuffer a = ByteBuffer.wrap(Files.readAllBytes(actual)).asFloatBuffer();
        FloatBuffer e = ByteBuffer.wrap(Files.readAllBytes(expected)).asFloatBuffer();
        assertThat(a.remaining()).isEqualTo(e.remaining()).isGreaterThan(500);
        double distance = 0;
        double length = 0;
        for (int i = 0; i < a.remaining(); i++) {
            double difference = (double) a.get(i) - e.get(i);
            distance += difference * difference;
            length += (double) e.get(i) * e.get(i);
        }
        return Math.sqrt(distance / length);
    }
}
