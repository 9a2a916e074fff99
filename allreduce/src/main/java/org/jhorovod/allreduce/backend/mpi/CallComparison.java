package org.jhorovod.allreduce.backend.mpi;

import com.google.common.hash.Hashing;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.spi.Operation;

/*
 * Before each collective the ranks compare what they are about to run, by an all-reduce of three
 * numbers that does not block: the maximum of a call's digest, that of its complement, which is the
 * complement of the minimum, and whether any rank's tensor lies in pieces. So a rank that stays away
 * is waited for where the wait can end, and the collective itself, which MPI does not let go of, begins
 * when all have come. On a difference the calls' descriptions are gathered, and every rank says the same.
 */
/** Finds calls that differ between ranks, before MPI runs them. */
final class CallComparison {
    private static final int DIGEST = 0;
    private static final int COMPLEMENT = Long.BYTES;
    private static final int PIECES = 2 * Long.BYTES;
    private static final int NUMBERS = 3;
    private static final int DESCRIPTION_BYTES = 1024;

    private final Topology self;
    private final MpiProcess mpi;
    private final Object longType;
    private final Object byteType;
    private final Object max;
    private final ByteBuffer numbers = direct(NUMBERS * Long.BYTES);

    CallComparison(Topology self, MpiProcess mpi) throws MpiException {
        this.self = self;
        this.mpi = mpi;
        this.longType = mpi.bindings().type(MpiType.LONG);
        this.byteType = mpi.bindings().type(MpiType.BYTE);
        this.max = mpi.bindings().op(MpiOp.MAX);
    }

    private static ByteBuffer direct(int byteCount) {
        return ByteBuffer.allocateDirect(byteCount).order(ByteOrder.nativeOrder());
    }

    /** What the ranks found. */
    sealed interface Verdict permits Same, Different {}

    /**
     * All run the same.
     *
     * @param isInPieces whether the tensor of any rank does not lie in one piece
     */
    record Same(boolean isInPieces) implements Verdict {}

    /** Two do not. */
    record Different(MismatchException mismatch) implements Verdict {}

    /** Returns when all ranks have called it. */
    Verdict compare(Operation operation, boolean isInPieces) throws MpiException {
        long digest = digest(operation);
        numbers.putLong(DIGEST, digest)
                .putLong(COMPLEMENT, ~digest)
                .putLong(PIECES, isInPieces ? 1 : 0);
        mpi.await(
                mpi.bindings().startAllReduce(mpi.comm(), numbers, NUMBERS, longType, max),
                operation::allowedWaitNanos,
                numbers);
        if (numbers.getLong(DIGEST) == ~numbers.getLong(COMPLEMENT)) {
            return new Same(numbers.getLong(PIECES) != 0);
        }
        return new Different(mismatch(gather(operation)));
    }

    private static long digest(Operation operation) {
        return Hashing.murmur3_128()
                .newHasher()
                .putLong(operation.sequence())
                .putInt(operation.generation())
                .putUnencodedChars(operation.call().describe())
                .hash()
                .asLong();
    }

    /** What each rank calls, in rank order. */
    private List<String> gather(Operation operation) throws MpiException {
        String text =
                "%s called %s (operation %d)"
                        .formatted(
                                self.describe(), operation.call().describe(), operation.sequence());
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        ByteBuffer mine = direct(DESCRIPTION_BYTES);
        mine.put(bytes, 0, Math.min(bytes.length, DESCRIPTION_BYTES)).rewind();
        ByteBuffer all = direct(DESCRIPTION_BYTES * self.size());
        mpi.await(
                mpi.bindings().startAllGather(mpi.comm(), mine, all, DESCRIPTION_BYTES, byteType),
                operation::allowedWaitNanos,
                mine,
                all);
        List<String> calls = new ArrayList<>();
        for (int rank = 0; rank < self.size(); rank++) {
            byte[] of = new byte[DESCRIPTION_BYTES];
            all.get(of);
            calls.add(new String(of, StandardCharsets.UTF_8).replace("\0", ""));
        }
        return calls;
    }

    private static MismatchException mismatch(List<String> calls) {
        Optional<Integer> odd = firstOdd(calls);
        int other = odd.map(rank -> rank == 0 ? 1 : 0).orElse(0);
        return new MismatchException(
                "Two ranks called different collectives: %s, %s. All ranks must call the same collectives with the same names, types, counts, operations and roots in the same order: look for rank-dependent branches, layers or data, or a stale checkpoint on one rank."
                        .formatted(calls.get(other), calls.get(odd.orElse(0))));
    }

    /** The first rank whose call fewer ranks made than another call; with two ranks the second. */
    static Optional<Integer> firstOdd(List<String> calls) {
        List<String> bare =
                calls.stream().map(call -> call.replaceFirst("^.*? called ", "")).toList();
        String usual = bare.get(0);
        for (String call : bare) {
            if (Collections.frequency(bare, call) > Collections.frequency(bare, usual)) {
                usual = call;
            }
        }
        for (int rank = 0; rank < bare.size(); rank++) {
            if (!bare.get(rank).equals(usual)) {
                return Optional.of(rank);
            }
        }
        return Optional.empty();
    }
}
