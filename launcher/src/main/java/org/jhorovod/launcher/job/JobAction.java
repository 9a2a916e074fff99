package org.jhorovod.launcher.job;

import org.jhorovod.launcher.agent.UnixSignal;

/** What the loop has to do. */
sealed interface JobAction {

    /** Leave word for the ranks that another has ended. */
    record TellGone(int rank, int code) implements JobAction {}

    /** Print that a rank has failed and the others get some time. */
    record AnnounceFailure(int rank, int code) implements JobAction {}

    /** Send a signal to all ranks that are left. */
    record SendSignal(UnixSignal signal) implements JobAction {}

    /** End the ranks without the agent. */
    record EndWithoutAgent() implements JobAction {}
}
