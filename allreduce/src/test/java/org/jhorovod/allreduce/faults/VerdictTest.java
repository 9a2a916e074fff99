package org.jhorovod.allreduce.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.StartException;
import org.junit.jupiter.api.Test;

/** Each way in which a trial can be wrong is seen. */
class VerdictTest {
    private static final RankReport RUNNING = RankReport.NOTHING.after(RankReport.step(7));
    private static final RankReport DONE = RUNNING.after(RankReport.done());

    private static Trial trial(Fault fault, Way way) {
        return new Trial(1, fault, way, 2, 1, 50, new Moment(7, Duration.ZERO), false);
    }

    private static RankReport failed(CollectiveException cause) {
        return RUNNING.after(RankReport.failed(cause));
    }

    private static List<String> problems(
            Fault fault, Expectation expectation, RankReport victimThen, RankEnd... ends) {
        return Verdict.problems(
                trial(fault, Way.SHM), expectation, victimThen, Arrays.asList(ends));
    }

    private static List<String> afterSuccess(RankEnd... ends) {
        return problems(Fault.PAUSED, Expectation.success(), RUNNING, ends);
    }

    private static List<String> afterKill(RankEnd survivor) {
        RankEnd victim = new RankEnd(1, 137, RUNNING);
        return problems(Fault.KILLED, Expectation.loss(1), RUNNING, survivor, victim);
    }

    @Test
    void aJobThatFinishes_isRight() {
        assertThat(afterSuccess(new RankEnd(0, 0, DONE), new RankEnd(1, 0, DONE))).isEmpty();
    }

    @Test
    void aRankThatDoesNotFinish_crashes_orIsLate_isAProblem() {
        assertThat(afterSuccess(new RankEnd(0, 1, failed(new StartException("")))))
                .containsExactly("rank 0 did not finish: Start");
        assertThat(afterSuccess(new RankEnd(0, 134, RUNNING)))
                .contains("rank 0 crashed with exit code 134");
        assertThat(afterSuccess(new RankEnd(0, RankEnd.LATE, DONE)))
                .containsExactly("rank 0 did not end in time");
        assertThat(afterSuccess(new RankEnd(0, 1, DONE)))
                .containsExactly("rank 0 is 'done', but exits with 1");
    }

    @Test
    void aWrongResult_isAProblem_whateverElseHappens() {
        RankReport wrong = RUNNING.after(RankReport.wrong("SUM 3: element 0"));
        assertThat(afterKill(new RankEnd(0, 1, wrong)))
                .contains("rank 0 has a wrong result: SUM 3: element 0");
    }

    @Test
    void aSurvivorThatNamesTheLostRank_isRight() {
        assertThat(afterKill(new RankEnd(0, 1, failed(new PeerLostException(1, "lost")))))
                .isEmpty();
    }

    @Test
    void aSurvivorThatNamesAnother_orNone_orSaysNothing_isAProblem() {
        String expected = "rank 0 does not name one of [1] as lost";
        for (RankReport report :
                List.of(
                        failed(new PeerLostException(0, "lost")),
                        failed(new OperationTimeoutException("rank 1 stays away")),
                        failed(new StartException("rank 1 is missing")),
                        RUNNING)) {
            assertThat(afterKill(new RankEnd(0, 1, report)))
                    .singleElement()
                    .asString()
                    .startsWith(expected);
        }
    }

    @Test
    void aSurvivorThatExitsWith0_orFinishesWithoutTheLostRank_isAProblem() {
        assertThat(afterKill(new RankEnd(0, 0, failed(new PeerLostException(1, "lost")))))
                .containsExactly("rank 0 is 'PeerLost 1', but exits with 0");
        assertThat(afterKill(new RankEnd(0, 0, DONE))).hasSize(1);
    }

    @Test
    void aFaultAfterTheLastCollectiveHasBegun_mayComeTooLate() {
        RankReport last = RUNNING.after(RankReport.last());
        assertThat(
                        problems(
                                Fault.KILLED,
                                Expectation.loss(1),
                                last,
                                new RankEnd(0, 0, DONE),
                                new RankEnd(1, 137, last)))
                .isEmpty();
    }

    @Test
    void aRankThatWasStopped_fails_whateverItNames() {
        RankEnd survivor = new RankEnd(0, 1, failed(new PeerLostException(1, "silent")));
        Expectation loss = Expectation.loss(1);
        RankEnd told = new RankEnd(1, 1, failed(new PeerLostException(0, "gone")));
        RankEnd done = new RankEnd(1, 0, DONE);
        assertThat(problems(Fault.STOPPED, loss, RUNNING, survivor, told)).isEmpty();
        assertThat(problems(Fault.STOPPED, loss, RUNNING, survivor, done)).hasSize(1);
    }

    @Test
    void whereMemoryIsFull_theStartMayBeRefused_onlyIfItHasToBeShared_andIsNamed() {
        RankEnd refused =
                new RankEnd(0, 1, failed(new StartException("JHOROVOD_SHARED_MEMORY_FOLDER")));
        RankEnd unnamed = new RankEnd(0, 1, failed(new StartException("no")));
        Expectation full = Expectation.successWithOrWithoutMemory();
        assertThat(problems(Fault.NO_SPACE, full, RUNNING, refused)).isEmpty();
        assertThat(problems(Fault.NO_SPACE, full, RUNNING, unnamed)).hasSize(1);
        Trial auto = trial(Fault.NO_SPACE, Way.AUTO);
        assertThat(Verdict.problems(auto, full, RUNNING, List.of(refused))).hasSize(1);
    }

    @Test
    void aRankThatWasStoppedBeforeItHadMetOthers_isKilledByTheTest() {
        RankEnd survivor = new RankEnd(0, 1, failed(new StartException("waited for rank 1")));
        RankEnd victim = new RankEnd(1, 137, RankReport.NOTHING);
        Expectation loss = Expectation.loss(1);
        assertThat(problems(Fault.STOPPED, loss, RankReport.NOTHING, survivor, victim)).isEmpty();
    }
}
