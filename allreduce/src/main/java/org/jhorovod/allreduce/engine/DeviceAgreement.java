package org.jhorovod.allreduce.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.rendezvous.StoreException;
import org.jhorovod.allreduce.spi.Peers;

/**
 * Whether all ranks have a backend for device memory, or none. Each tells the others before they
 * meet; where some have one and some have not, a collective on a device would be waited for in
 * vain. Safe for use by several threads.
 */
public final class DeviceAgreement {
    private static final String NAME = "device-backend";
    private static final String THERE = "there";

    private final Peers peers;
    private volatile boolean isKnown;

    /** Of the ranks that have told each other. */
    public DeviceAgreement(Peers peers) {
        this.peers = peers;
    }

    /**
     * Tells the other ranks; to be called before this rank can be met.
     *
     * @param whyNot why this rank has none; empty if it has one
     */
    public static void tell(Peers peers, Optional<String> whyNot) {
        peers.publish(
                NAME, whyNot.isPresent() ? peers.self().describe() + ": " + whyNot.get() : THERE);
    }

    /** The ranks without one and why, in words; empty if all have one, or none has. */
    public Optional<String> whoLacksIt() {
        List<String> lacking = new ArrayList<>();
        boolean isAnywhere = false;
        for (int rank = 0; rank < peers.self().size(); rank++) {
            Optional<String> told = peers.published(rank, NAME);
            isAnywhere |= told.filter(THERE::equals).isPresent();
            told.filter(text -> !text.equals(THERE)).ifPresent(lacking::add);
        }
        return isAnywhere && !lacking.isEmpty()
                ? Optional.of(String.join("; ", lacking))
                : Optional.empty();
    }

    /**
     * Asks the store at the first call.
     *
     * @throws MismatchException if some ranks have a backend and some have not
     * @throws StartException if the store does not answer
     */
    void require(String tensorName) {
        if (isKnown) {
            return;
        }
        learn(tensorName)
                .ifPresent(
                        who -> {
                            throw new MismatchException(
                                    "'%s' is on a device, but not all ranks have a backend for device memory; it is missing on %s Install there what the others have (jhorovodrun --check-build), or set JHOROVOD_BACKEND=host on all ranks."
                                            .formatted(tensorName, who));
                        });
        isKnown = true;
    }

    private Optional<String> learn(String tensorName) {
        try {
            return whoLacksIt();
        } catch (StoreException e) {
            throw new StartException(
                    "%s could not learn whether all ranks have a backend for device memory, which '%s' needs: %s. Look for the launcher's end, or the network to it."
                            .formatted(peers.self().describe(), tensorName, e.getMessage()));
        }
    }
}
