package org.jhorovod.allreduce.algorithm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jhorovod.allreduce.spi.Allocation;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.transport.shm.RegisteredSegments;
import org.jhorovod.allreduce.transport.shm.SegmentFiles;
import org.jhorovod.allreduce.transport.shm.SharedSegment;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * One round tells where each rank's segment will be, the next that it is there, and one more whether
 * each rank has mapped all of them. If one cannot, all try once more, and then take ordinary memory.
 * The names are known before there is anything behind them, so that a rank that is lost meanwhile
 * leaves nothing: the others remove its name too.
 */
/** How ranks that share memory allocate more of it. Used by the engine's thread. */
public final class SharedAllocation {
    private static final Logger logger = LoggerFactory.getLogger(SharedAllocation.class);
    private static final long COLLECTION_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final String OK = "ok";

    private final SharedRounds rounds;
    private final RegisteredSegments registered;
    private final SegmentFiles files;

    /** Adds what it allocates to the registered memory. */
    public SharedAllocation(
            SharedRounds rounds, RegisteredSegments registered, SegmentFiles files) {
        this.rounds = rounds;
        this.registered = registered;
        this.files = files;
    }

    /** Allocates as many bytes on each rank. */
    public Allocation allocate(Operation operation, long byteCount) {
        rounds.layDown(files.name().toString());
        rounds.exchangeFirst(operation);
        List<String> names = new ArrayList<>();
        for (int position = 0; position < rounds.size(); position++) {
            names.add(rounds.text(position));
        }
        try {
            return allocate(operation, byteCount, names);
        } finally {
            files.remove(names);
        }
    }

    private Allocation allocate(Operation operation, long byteCount, List<String> names) {
        Attempt attempt = attempt(operation, byteCount, names);
        if (attempt.segments().isEmpty()) {
            // What ranks have closed is there until each of them has collected its view of it.
            System.gc();
            LockSupport.parkNanos(COLLECTION_NANOS);
            attempt = attempt(operation, byteCount, names);
        }
        if (attempt.segments().isEmpty()) {
            logger.warn(
                    "{} KiB of registered memory are ordinary memory, which costs copies: {}",
                    byteCount >> 10,
                    attempt.whyNot());
            return Allocation.ordinary(byteCount);
        }
        List<ByteBuffer> memory = attempt.segments().get(rounds.position()).memory();
        return new Allocation(memory, OptionalInt.of(registered.add(attempt.segments())));
    }

    /**
     * What came of it on all ranks.
     *
     * @param segments by position; empty if one rank has failed
     */
    private record Attempt(List<SharedSegment> segments, String whyNot) {}

    private Attempt attempt(Operation operation, long byteCount, List<String> names) {
        String name = names.get(rounds.position());
        @Nullable SharedSegment own = null;
        String told = OK;
        try {
            own = files.create(Path.of(name), byteCount);
        } catch (IOException e) {
            told = String.valueOf(e.getMessage());
        }
        rounds.layDown(told);
        rounds.exchange(operation);
        List<SharedSegment> segments = new ArrayList<>();
        rounds.layDown(own == null ? told : map(byteCount, own, names, segments));
        rounds.exchange(operation);
        for (int position = 0; position < rounds.size(); position++) {
            String outcome = rounds.text(position);
            if (!outcome.equals(OK)) {
                files.remove(List.of(name));
                return new Attempt(List.of(), outcome);
            }
        }
        return new Attempt(segments, "");
    }

    private String map(
            long byteCount, SharedSegment own, List<String> names, List<SharedSegment> segments) {
        for (int position = 0; position < rounds.size(); position++) {
            String told = rounds.text(position);
            if (!told.equals(OK)) {
                return told;
            }
            try {
                segments.add(
                        position == rounds.position()
                                ? own
                                : SharedSegment.open(Path.of(names.get(position)), byteCount));
            } catch (IOException e) {
                return String.valueOf(e);
            }
        }
        return OK;
    }
}
