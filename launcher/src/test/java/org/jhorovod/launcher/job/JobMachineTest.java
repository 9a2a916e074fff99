package org.jhorovod.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableSet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.launcher.agent.UnixSignal;
import org.jhorovod.launcher.job.JobState.Phase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class JobMachineTest {
    private static final JobAction TERM = new JobAction.SendSignal(UnixSignal.TERM);
    private static final JobAction KILL = new JobAction.SendSignal(UnixSignal.KILL);
    private static final int SIGINT = 2;

    private final JobMachine machine =
            new JobMachine(
                    new JobTimes(Duration.ofNanos(50), Duration.ofNanos(30), Duration.ofNanos(20)),
                    List.of("a", "a", "b"));
    private JobState state = JobState.start(3);
    private long nowNanos = 1000;

    @Test
    void job_endsWithItsLastRank_whenAllSucceed() {
        assertThat(happens(exited(1, 0))).containsExactly(new JobAction.TellGone(1, 0));
        assertThat(state.phase()).isEqualTo(Phase.RUNNING);
        assertThat(state.deadlineNanos()).isEqualTo(JobState.NEVER);
        happens(exited(0, 0));
        happens(exited(2, 0));
        assertThat(state.phase()).isEqualTo(Phase.ENDED);
        assertThat(state.exits()).extracting(RankExit::rank).containsExactly(1, 0, 2);
    }

    @Test
    void failure_givesGrace_thenTerm_thenKill_thenGivesUp() {
        assertThat(happens(exited(1, 3)))
                .containsExactly(new JobAction.TellGone(1, 3), new JobAction.AnnounceFailure(1, 3));
        assertThat(state.phase()).isEqualTo(Phase.GRACE);
        assertThat(state.deadlineNanos()).isEqualTo(1050);
        assertThat(atDeadline()).containsExactly(TERM);
        assertThat(state.phase()).isEqualTo(Phase.TERMINATING);
        assertThat(state.deadlineNanos()).isEqualTo(1080);
        assertThat(atDeadline()).containsExactly(KILL);
        assertThat(state.deadlineNanos()).isEqualTo(1100);
        assertThat(atDeadline())
                .containsExactly(new JobAction.EndWithoutAgent(ImmutableSet.of(0, 2)));
        assertThat(state.phase()).isEqualTo(Phase.ENDED);
    }

    @Test
    void laterFailure_doesNotProlongTheGrace() {
        happens(exited(1, 3));
        nowNanos += 10;
        assertThat(happens(exited(0, 1))).containsExactly(new JobAction.TellGone(0, 1));
        assertThat(state.deadlineNanos()).isEqualTo(1050);
    }

    @Test
    void exits_tellWhetherASignalWasSentBefore() {
        happens(exited(1, 3));
        atDeadline();
        happens(exited(0, 143));
        assertThat(state.exits())
                .containsExactly(new RankExit(1, 3, false), new RankExit(0, 143, true));
        assertThat(state.hasFailedByItself()).isTrue();
    }

    @Test
    void interruption_sendsTermAtOnce_andTheSecondKill() {
        assertThat(happens(new JobEvent.Interrupted(SIGINT))).containsExactly(TERM);
        assertThat(state.interruption()).isEqualTo(SIGINT);
        assertThat(state.deadlineNanos()).isEqualTo(1050);
        assertThat(happens(new JobEvent.Interrupted(15))).containsExactly(KILL);
        assertThat(state.interruption()).isEqualTo(SIGINT);
        assertThat(happens(new JobEvent.Interrupted(15))).isEmpty();
    }

    @Test
    void interruption_whileRanksAreEndedAnyway_waitsForThem() {
        happens(exited(1, 3));
        atDeadline();
        assertThat(happens(new JobEvent.Interrupted(SIGINT))).isEmpty();
        assertThat(happens(new JobEvent.Interrupted(SIGINT))).containsExactly(KILL);
    }

    @Test
    void lostAgent_takesItsRanksAlong_andTheOthersGetGrace() {
        assertThat(happens(lost("a")))
                .containsExactly(
                        new JobAction.EndWithoutAgent(ImmutableSet.of(0, 1)),
                        new JobAction.TellLost(0, "a"),
                        new JobAction.TellLost(1, "a"),
                        new JobAction.AnnounceLoss("a", "killed"));
        assertThat(state.phase()).isEqualTo(Phase.GRACE);
        assertThat(state.deadlineNanos()).isEqualTo(1050);
        assertThat(state.exits()).containsExactly(RankExit.lost(0, false), RankExit.lost(1, false));
        assertThat(state.hasFailedByItself()).isTrue();
        assertThat(atDeadline()).containsExactly(TERM);
    }

    @Test
    void lostAgent_endsTheJob_whenNoOtherHostHasRanks() {
        happens(exited(2, 0));
        assertThat(happens(lost("a")))
                .contains(new JobAction.EndWithoutAgent(ImmutableSet.of(0, 1)));
        assertThat(state.phase()).isEqualTo(Phase.ENDED);
    }

    @Test
    void lostAgent_afterAFailure_doesNotProlongTheGrace_andIsNoFailureOfItsOwnAfterASignal() {
        happens(exited(0, 3));
        nowNanos += 10;
        assertThat(happens(lost("b")))
                .containsExactly(
                        new JobAction.EndWithoutAgent(ImmutableSet.of(2)),
                        new JobAction.TellLost(2, "b"));
        assertThat(state.deadlineNanos()).isEqualTo(1050);
        atDeadline();
        happens(lost("a"));
        assertThat(state.exits())
                .containsExactly(
                        new RankExit(0, 3, false), RankExit.lost(2, false), RankExit.lost(1, true));
    }

    @Test
    void lostAgent_isNoMatter_onceItsRanksHaveEnded() {
        happens(exited(2, 0));
        assertThat(happens(lost("b"))).isEmpty();
        assertThat(state.phase()).isEqualTo(Phase.RUNNING);
    }

    @Test
    void nothing_happensAfterTheEnd_norTwice() {
        happens(exited(0, 0));
        assertThat(happens(exited(0, 1))).isEmpty();
        happens(exited(1, 0));
        happens(exited(2, 0));
        assertThat(happens(lost("a"))).isEmpty();
        assertThat(happens(new JobEvent.Interrupted(SIGINT))).isEmpty();
        assertThat(state.exits()).hasSize(3);
    }

    private static JobEvent lost(String host) {
        return new JobEvent.AgentLost(host, "killed");
    }

    private static JobEvent exited(int rank, int code) {
        return new JobEvent.RankExited(rank, code);
    }

    private List<JobAction> atDeadline() {
        nowNanos = state.deadlineNanos();
        return happens(new JobEvent.DeadlinePassed());
    }

    private List<JobAction> happens(JobEvent event) {
        JobMachine.Step step = machine.next(state, event, nowNanos);
        state = step.state();
        return new ArrayList<>(step.actions());
    }
}
