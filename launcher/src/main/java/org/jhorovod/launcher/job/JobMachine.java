package org.jhorovod.launcher.job;

import java.util.List;
import org.jhorovod.launcher.agent.UnixSignal;
import org.jhorovod.launcher.job.JobState.Phase;

/** Decides what becomes of a job; does nothing itself. */
final class JobMachine {

    /** The next state, and what to do on the way. */
    record Step(JobState state, List<JobAction> actions) {}

    private final JobTimes times;

    JobMachine(JobTimes times) {
        this.times = times;
    }

    Step next(JobState state, JobEvent event, long nowNanos) {
        if (state.phase() == Phase.ENDED) {
            return stay(state);
        }
        if (event instanceof JobEvent.RankStarted) {
            return stay(state);
        } else if (event instanceof JobEvent.RankExited exited) {
            return afterExit(state, exited, nowNanos);
        } else if (event instanceof JobEvent.Interrupted interrupted) {
            return afterInterruption(state, interrupted, nowNanos);
        } else if (event instanceof JobEvent.AgentLost) {
            return new Step(
                    state.in(Phase.ENDED, JobState.NEVER),
                    List.of(new JobAction.EndWithoutAgent()));
        } else if (event instanceof JobEvent.DeadlinePassed) {
            return afterDeadline(state, nowNanos);
        }
        throw new AssertionError(event);
    }

    private Step afterExit(JobState state, JobEvent.RankExited exited, long nowNanos) {
        if (!state.alive().contains(exited.rank())) {
            return stay(state);
        }
        boolean wasSignalled = state.phase() == Phase.TERMINATING || state.phase() == Phase.KILLING;
        RankExit exit = new RankExit(exited.rank(), exited.code(), wasSignalled);
        JobState after = state.without(exit);
        JobAction tell = new JobAction.TellGone(exit.rank(), exit.code());
        if (after.alive().isEmpty()) {
            return new Step(after.in(Phase.ENDED, JobState.NEVER), List.of(tell));
        }
        if (exit.isFailure() && state.phase() == Phase.RUNNING) {
            return new Step(
                    after.in(Phase.GRACE, nowNanos + times.grace().toNanos()),
                    List.of(tell, new JobAction.AnnounceFailure(exit.rank(), exit.code())));
        }
        return new Step(after, List.of(tell));
    }

    private Step afterInterruption(
            JobState state, JobEvent.Interrupted interrupted, long nowNanos) {
        boolean isFirst = state.interruption() == 0;
        JobState after = isFirst ? state.interruptedBy(interrupted.signalNumber()) : state;
        return switch (state.phase()) {
            case RUNNING, GRACE ->
                    send(after, Phase.TERMINATING, nowNanos + times.grace().toNanos());
            case TERMINATING ->
                    isFirst
                            ? stay(after)
                            : send(after, Phase.KILLING, nowNanos + times.afterKill().toNanos());
            case KILLING, ENDED -> stay(after);
        };
    }

    private Step afterDeadline(JobState state, long nowNanos) {
        return switch (state.phase()) {
            case GRACE -> send(state, Phase.TERMINATING, nowNanos + times.afterTerm().toNanos());
            case TERMINATING -> send(state, Phase.KILLING, nowNanos + times.afterKill().toNanos());
            case KILLING ->
                    new Step(
                            state.in(Phase.ENDED, JobState.NEVER),
                            List.of(new JobAction.EndWithoutAgent()));
            case RUNNING, ENDED -> stay(state);
        };
    }

    private static Step send(JobState state, Phase phase, long deadlineNanos) {
        UnixSignal signal = phase == Phase.KILLING ? UnixSignal.KILL : UnixSignal.TERM;
        return new Step(state.in(phase, deadlineNanos), List.of(new JobAction.SendSignal(signal)));
    }

    private static Step stay(JobState state) {
        return new Step(state, List.of());
    }
}
