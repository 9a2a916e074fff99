package org.jhorovod.allreduce.control;

import java.lang.ref.WeakReference;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jspecify.annotations.Nullable;

/**
 * What this rank has called last on one communicator, and on which thread. Safe for use by several
 * threads.
 */
public final class OwnCalls {
    private final String group;
    // Of all communicators of this rank that its program calls; null before the first call.
    private final AtomicReference<@Nullable OwnCalls> latest;
    private volatile Submitted inOrder = Submitted.NONE;
    private volatile @Nullable CollectiveCall byName; // null before the first
    private volatile WeakReference<@Nullable Thread> caller = new WeakReference<>(null);
    private volatile WeakReference<@Nullable Thread> callerBefore = new WeakReference<>(null);
    private volatile boolean hasCalled;

    private OwnCalls(String group, AtomicReference<@Nullable OwnCalls> latest) {
        this.group = group;
        this.latest = latest;
    }

    /** On the communicator of all ranks of a job. */
    public static OwnCalls ofJob() {
        return apart("");
    }

    /**
     * On a communicator that the program does not call by itself.
     *
     * @param group which ranks it has, in words; empty for all of the job
     */
    public static OwnCalls apart(String group) {
        return new OwnCalls(group, new AtomicReference<>());
    }

    /** On the communicator of some of the ranks, in words, which the same program calls as well. */
    public OwnCalls beside(String part) {
        return new OwnCalls(part, latest);
    }

    /** Which ranks the communicator has, in words; empty for all of the job. */
    public String group() {
        return group;
    }

    /** Notes a collective in the order that all ranks share. */
    public void inOrder(long sequence, CollectiveCall call) {
        inOrder = new Submitted(sequence, call, null);
        note();
    }

    /** Notes one that is submitted by name. */
    public void byName(CollectiveCall call) {
        byName = call;
        note();
    }

    /** Notes that the current thread calls collectives, or waits for them. */
    public void note() {
        WeakReference<@Nullable Thread> known = caller;
        if (known.get() != Thread.currentThread()) {
            // Two threads in turn, as a hook's and the one that waits for it, allocate nothing.
            WeakReference<@Nullable Thread> before = callerBefore;
            caller =
                    before.get() == Thread.currentThread()
                            ? before
                            : new WeakReference<>(Thread.currentThread());
            callerBefore = known;
        }
        if (latest.get() != this) {
            hasCalled = true;
            latest.set(this);
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

    /** Whether there has been a call. */
    boolean hasCalled() {
        return hasCalled;
    }

    /** The thread that called last; empty if none has, or it is gone. */
    Optional<Thread> caller() {
        return Optional.ofNullable(caller.get());
    }

    /** That of this rank's communicators which was called last; empty before the first call. */
    Optional<OwnCalls> latest() {
        return Optional.ofNullable(latest.get());
    }
}
