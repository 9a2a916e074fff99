package org.jhorovod.launcher.job;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.launcher.agent.UnixSignal;
import org.jhorovod.launcher.job.JobState.Phase;

/** Decides what becomes of a job; does nothing itself. */
final class JobMachine {

    /** The next state, and what to do on the way. */
    record Step(JobState state, List<JobAction> actions) {}

    private final JobTimes times;
    private final ImmutableList<String> hosts; // by rank

    JobMachine(JobTimes times, List<String> hosts) {
        this.times = times;
        this.hosts = ImmutableList.copyOf(hosts);
    }

    Step next(JobState state, JobEvent event, long nowNanos) {
        if (state.phase() == Phase.ENDED) {
            return stay(state);
        }
        if (event instanceof JobEvent.RankStarted
                || event instanceof JobEvent.MpirunStarted
                || event instanceof JobEvent.Answer) {
            return stay(state);
        } else if (event instanceof JobEvent.RankExited exited) {
            return afterExit(state, exited, nowNanos);
        } else if (event instanceof JobEvent.Interrupted interrupted) {
            return afterInterruption(state, interrupted, nowNanos);
        } else if (event instanceof JobEvent.AgentLost lost) {
            return afterLoss(state, lost, nowNanos);
        } else if (event instanceof JobEvent.MpirunLost) {
            return afterMpirun(state);
        } else if (event instanceof JobEvent.DeadlinePassed) {
            return afterDeadline(state, nowNanos);
        }
        throw new AssertionError(event);
    }

    private Step afterExit(JobState state, JobEvent.RankExited exited, long nowNanos) {
        if (!state.alive().contains(exited.rank())) {
            return stay(state);
        }
        RankExit exit = new RankExit(exited.rank(), exited.code(), isSignalled(state));
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

    private Step afterLoss(JobState state, JobEvent.AgentLost lost, long nowNanos) {
        ImmutableSet<Integer> ranks =
                state.alive().stream()
                        .filter(rank -> hosts.get(rank).equals(lost.host()))
                        .collect(ImmutableSet.toImmutableSet());
        if (ranks.isEmpty()) {
            return stay(state); // the host has done its part
        }
        JobState after = state;
        List<JobAction> actions = new ArrayList<>();
        actions.add(new JobAction.EndWithoutAgent(ranks));
        for (int rank : ranks) {
            after = after.without(RankExit.lost(rank, isSignalled(state)));
            actions.add(new JobAction.TellLost(rank, lost.host()));
        }
        if (after.alive().isEmpty()) {
            return new Step(after.in(Phase.ENDED, JobState.NEVER), actions);
        }
        if (state.phase() == Phase.RUNNING) {
            actions.add(new JobAction.AnnounceLoss(lost.host(), lost.how()));
            after = after.in(Phase.GRACE, nowNanos + times.grace().toNanos());
        }
        return new Step(after, actions);
    }

    /** With mpirun went all ranks that it had. */
    private static Step afterMpirun(JobState state) {
        JobState after = state;
        for (int rank : state.alive()) {
            after = after.without(RankExit.lost(rank, isSignalled(state)));
        }
        return stay(after.in(Phase.ENDED, JobState.NEVER));
    }

    private static boolean isSignalled(JobState state) {
        return state.phase() == Phase.TERMINATING || state.phase() == Phase.KILLING;
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
                            List.of(new JobAction.EndWithoutAgent(state.alive())));
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
