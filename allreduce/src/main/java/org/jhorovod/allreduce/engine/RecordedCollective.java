package org.jhorovod.allreduce.engine;

import java.util.function.BiConsumer;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.timeline.Span;
import org.jhorovod.allreduce.timeline.Track;

/** A collective of which is recorded how long it waited for its turn, and then ran. */
final class RecordedCollective {

    private RecordedCollective() {}

    /** What a collective that has just been submitted does, with its record. */
    static BiConsumer<Backends, Operation> body(Track track, Collective collective) {
        if (!track.isRecorded()) {
            return collective.body();
        }
        CollectiveCall call = collective.call();
        Thread caller = Thread.currentThread();
        long submittedNanos = track.begin();
        return (at, operation) -> {
            if (Thread.currentThread() != caller) {
                track.overlapping("QUEUE", call.name(), Track.byteCount(call), submittedNanos);
            }
            Span span = track.collective(operation.sequence(), call, collective.fused());
            try {
                collective.body().accept(at, operation);
            } catch (RuntimeException | Error e) {
                span.fail();
                throw e;
            }
            span.end();
        };
    }
}
