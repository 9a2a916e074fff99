package org.jhorovod.allreduce.control;

import java.lang.ref.WeakReference;
import java.util.Optional;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jspecify.annotations.Nullable;

/** What this rank has called last, and on which thread. Safe for use by several threads. */
final class OwnCalls {
    private volatile Submitted inOrder = Submitted.NONE;
    private volatile @Nullable CollectiveCall byName; // null before the first
    private volatile WeakReference<@Nullable Thread> caller = new WeakReference<>(null);

    /** Notes a collective in the order that all ranks share. */
    void inOrder(long sequence, CollectiveCall call) {
        inOrder = new Submitted(sequence, call, null);
        note();
    }

    /** Notes one that is submitted by name. */
    void byName(CollectiveCall call) {
        byName = call;
        note();
    }

    /** Notes that the current thread calls collectives. */
    void note() {
        if (caller.get() != Thread.currentThread()) {
            caller = new WeakReference<>(Thread.currentThread());
        }
    }

    /** The last of both. */
    Submitted last() {
        Submitted known = inOrder;
        return new Submitted(known.sequence(), known.call(), byName);
    }

    /** The number of the last one in the order that all ranks share. */
    long sequence() {
        return inOrder.sequence();
    }

    /** The thread that called last; empty if none has, or it is gone. */
    Optional<Thread> caller() {
        return Optional.ofNullable(caller.get());
    }
}
