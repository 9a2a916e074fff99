package org.jhorovod.allreduce.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jhorovod.allreduce.conformance.ConformanceCase.Scope;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every backend does, on every transport: all collectives, types, operations and sizes against
 * a reference in float64, the same bits on all ranks; and that each rank is told why, when they
 * disagree, stay away, leave or die.
 *
 * <p>A subclass starts the ranks. Where they are threads, each runs {@link
 * ConformanceProgram#run(Participant, List)} on its communicator. Where they are processes, each is
 * {@link ConformanceRank} (or a main class that calls its {@code run} with another {@link
 * TensorPlace}) with {@link ConformanceGroup#caseNames()} as arguments, started with {@link
 * ConformanceGroup#jvmArguments()}; their lines are read back by {@link Outcome#parse}. {@link
 * RankProcesses} does so on this machine. One start serves all cases that leave the group whole;
 * those that do not come one a group. Of {@link ConformanceGroup#dyingRank()} no outcome is
 * expected; it kills itself.
 *
 * <p>The long form ({@code -Plong}) takes large tensors for all types, and all cases that fail at
 * two sizes; the short one a fixed sample of these, all of them at one size where a subclass says
 * that it is {@link #isOwnWay its own way to fail}, but fewer mismatches where {@link
 * #startsProcesses each case starts processes}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 600, unit = TimeUnit.SECONDS)
public abstract class BackendConformance {
    /** Whether the long form is asked for. */
    protected static final boolean IS_LONG = Samples.IS_LONG;

    private static final int SIZES_THAT_FAIL = IS_LONG ? 2 : 1;

    /** The numbers of ranks to test with; the cases that fail take the first two from 2 on. */
    protected abstract List<Integer> sizes();

    /** Starts the ranks of a group, and waits for what they say. */
    protected abstract List<Outcome> run(ConformanceGroup group) throws Exception;

    /**
     * Whether nothing else that is tested fails as this does, so that the short form has it all.
     */
    protected boolean isOwnWay() {
        return true;
    }

    /**
     * Whether ranks are processes. Each case that fails needs new ones, so the short form has fewer
     * of those that are found by the same comparison of calls.
     */
    protected boolean startsProcesses() {
        return false;
    }

    /** Whether the tensors lie on devices. */
    protected boolean worksOnDevices() {
        return false;
    }

    /** Whether a case makes sense for the backend; to be answered with the reason in a comment. */
    protected boolean includes(ConformanceCase conformanceCase) {
        return true;
    }

    @ParameterizedTest(name = "{0} ranks")
    @MethodSource("sizes")
    protected final void everyRankHasTheReferencesResult_ofEveryCollective(int size)
            throws Exception {
        List<ConformanceCase> cases =
                ConformanceCases.shared().stream().filter(this::includes).toList();
        assertAllOk(new ConformanceGroup(size, cases));
    }

    @ParameterizedTest(name = "{1}, {0} ranks")
    @MethodSource("failures")
    protected final void everyRankIsToldWhy_whenACollectiveCannotComplete(
            int size, ConformanceCase failure) throws Exception {
        assertAllOk(new ConformanceGroup(size, List.of(failure)));
    }

    /** The sizes and the cases that end a group. */
    protected final Stream<Arguments> failures() {
        List<Integer> several = sizes().stream().filter(size -> size > 1).toList();
        List<ConformanceCase> cases =
                ConformanceCases.ending().stream().filter(this::isApplicable).toList();
        return IntStream.range(0, Math.min(SIZES_THAT_FAIL, several.size()))
                .boxed()
                .flatMap(
                        index ->
                                sample(cases, index == 0 && isOwnWay()).stream()
                                        .map(c -> Arguments.of(several.get(index), c)));
    }

    private List<ConformanceCase> sample(List<ConformanceCase> cases, boolean isOwnWay) {
        if (!isOwnWay) {
            return Samples.ofFailures(cases);
        }
        return startsProcesses() ? Samples.withFewerMismatches(cases) : cases;
    }

    private boolean isApplicable(ConformanceCase c) {
        boolean needsDevice = c.scope() == Scope.ENDS_COMMUNICATOR_ON_DEVICE;
        return includes(c) && (worksOnDevices() || !needsDevice);
    }

    private void assertAllOk(ConformanceGroup group) throws Exception {
        List<Outcome> expected =
                IntStream.range(0, group.size())
                        .filter(rank -> rank != group.dyingRank())
                        .boxed()
                        .flatMap(
                                rank ->
                                        group.caseNames().stream()
                                                .map(name -> Outcome.ok(rank, name)))
                        .toList();
        List<Outcome> outcomes =
                run(group).stream().filter(o -> o.rank() != group.dyingRank()).toList();
        assertThat(outcomes.stream().filter(o -> !o.isOk()).map(Outcome::toString))
                .as("failures")
                .isEmpty();
        assertThat(outcomes).as("outcomes").containsExactlyInAnyOrderElementsOf(expected);
    }
}
