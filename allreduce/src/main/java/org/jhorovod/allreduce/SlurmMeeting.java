package org.jhorovod.allreduce;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.config.SlurmStep;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Tasks of one srun know their numbers, and nothing of a rendezvous:
 *   rank 0 hosts the store on any port -> leaves addresses, port and a new secret in a file that
 *   only its user may read -> the others find the file, whose name is that of the step -> all settle
 *   on one address -> rank 0 takes the file away.
 * So steps that share a node never want the same port. See Note [Why a file may hold the job's
 * secret].
 */
/** How the ranks of a job meet that {@code srun} started by itself. */
final class SlurmMeeting {
    private static final Logger logger = LoggerFactory.getLogger(SlurmMeeting.class);
    private static final Duration PAUSE = Duration.ofMillis(100);

    private final Configuration configuration;
    private final Topology self;
    private final InvitationFile file;
    private String refusal = ""; // why rank 0 would not let this rank in, if it said so

    private SlurmMeeting(Configuration configuration, SlurmStep step) {
        this.configuration = configuration;
        this.self = Assignment.topology(configuration);
        this.file = new InvitationFile(configuration.meetingFolder(), step.name());
    }

    /** Meets the others; all ranks do so at the same time. */
    static StoreConnection meet(Configuration configuration, SlurmStep step) {
        SlurmMeeting meeting = new SlurmMeeting(configuration, step);
        return meeting.self.rank() == 0 ? meeting.invite() : meeting.visit();
    }

    private StoreConnection invite() {
        HostedStore hosted;
        try {
            hosted = HostedStore.open(self, configuration);
        } catch (IOException e) {
            throw new StartException(
                    "%s cannot host the place where the ranks meet: %s."
                            .formatted(self.describe(), e.getMessage()));
        }
        try {
            file.write(hosted.invitation());
            return StoreConnection.hosting(
                    settle(hosted.invitation()), configuration, hosted.server());
        } catch (IOException e) {
            close(hosted);
            throw new StartException(
                    "%s cannot leave word for the other ranks in %s: %s. %s"
                            .formatted(self.describe(), file.path(), e, remedy()));
        } catch (CollectiveException e) {
            close(hosted);
            throw e;
        } finally {
            takeAway();
        }
    }

    private static void close(HostedStore hosted) {
        try {
            hosted.server().close();
        } catch (IOException e) {
            logger.debug("Could not close the store", e);
        }
    }

    /** All who need it have read it, or never will. */
    private void takeAway() {
        try {
            file.delete();
        } catch (IOException e) {
            logger.warn(
                    "{} could not be deleted, but is of no use to anybody any more: {}",
                    file.path(),
                    e.toString());
        }
    }

    private StoreConnection visit() {
        Duration timeout = configuration.get(Settings.START_TIMEOUT);
        Deadline deadline = Deadline.after(timeout);
        String state = "was not there";
        while (!deadline.isOver() && !Thread.currentThread().isInterrupted()) {
            try {
                Optional<Invitation> found =
                        file.read().map(left -> left.encryptingBy(configuration));
                if (found.isPresent() && isReachable(found.get(), deadline)) {
                    return StoreConnection.visiting(settle(found.get()), configuration);
                }
                // A job of that name may have died and left it: rank 0 replaces it.
                state =
                        found.isPresent()
                                ? "named addresses that cannot be reached from here: "
                                        + found.get().sockets()
                                        + refusal
                                : "was not there";
            } catch (IOException e) {
                state = "could not be used: " + e.getMessage();
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
        throw new StartException(
                "%s could not join the job: for %d s (JHOROVOD_START_TIMEOUT_SECONDS) it looked for word of rank 0, and the file %s %s. Look whether rank 0 has started. %s"
                        .formatted(
                                self.describe(),
                                timeout.toSeconds(),
                                file.path(),
                                state,
                                remedy()));
    }

    private static String remedy() {
        return "All hosts of the job must share this folder: set JHOROVOD_MEETING_FOLDER to one"
                + " that they do share.";
    }

    private boolean isReachable(Invitation invitation, Deadline deadline) {
        Identity identity =
                new Identity(
                        Identity.Purpose.PROBE,
                        configuration.get(Settings.GENERATION),
                        self.rank());
        return Reach.of(
                        invitation.sockets(),
                        invitation.secret(),
                        identity,
                        deadline,
                        why -> refusal = "; " + why)
                != 0;
    }

    /** Finds the first address that all ranks reach; waits until all have come. */
    private Assignment settle(Invitation invitation) {
        Assignment assignment =
                new Assignment(
                        self,
                        configuration.get(Settings.GENERATION),
                        invitation.sockets().get(0),
                        invitation.secret());
        return CommonAddress.settle(assignment, invitation.sockets(), configuration);
    }
}
