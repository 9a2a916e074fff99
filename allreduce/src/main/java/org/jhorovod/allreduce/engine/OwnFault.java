package org.jhorovod.allreduce.engine;

import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.Topology;

/** What users and peers see of a failure that nobody expected. */
final class OwnFault {

    private OwnFault() {}

    static PeerLostException explain(Topology self, Throwable bug) {
        return new PeerLostException(
                self.rank(),
                "%s gave up because of a fault of its own: %s. Its log has the stack trace; please report it."
                        .formatted(self.describe(), bug));
    }
}
