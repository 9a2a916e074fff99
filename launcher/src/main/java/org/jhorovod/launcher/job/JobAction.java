package org.jhorovod.launcher.job;

import com.google.common.collect.ImmutableSet;
import org.jhorovod.launcher.agent.UnixSignal;

/** What the loop has to do. */
sealed interface JobAction {

    /** Leave word for the ranks that another has ended. */
    record TellGone(int rank, int code) implements JobAction {}

    /** Leave word for the ranks that nothing is known of another any more. */
    record TellLost(int rank, String host) implements JobAction {}

    /** Print that a rank has failed and the others get some time. */
    record AnnounceFailure(int rank, int code) implements JobAction {}

    /** Print that a host's agent is lost and the ranks of others get some time. */
    record AnnounceLoss(String host, String how) implements JobAction {}

    /** Send a signal to all ranks that are left. */
    record SendSignal(UnixSignal signal) implements JobAction {}

    /** End these ranks, as far as they run on this host, without the agent. */
    record EndWithoutAgent(ImmutableSet<Integer> ranks) implements JobAction {}
}
