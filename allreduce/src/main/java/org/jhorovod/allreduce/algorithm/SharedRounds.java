package org.jhorovod.allreduce.algorithm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.transport.shm.SharedGroup;

/**
 * The rounds of one collective after another: a slot has a header, which says in the first round
 * what its rank was called for, and behind it the payload.
 */
public final class SharedRounds {
    private static final int HEADER_BYTES = 1024;
    // At the end of the header: where the tensor lies, or -1 where that is ordinary memory.
    private static final int NUMBER_PLACE = HEADER_BYTES - 16;
    private static final int OFFSET_PLACE = HEADER_BYTES - 8;
    private static final long ORDINARY = -1;

    private final SharedGroup group;
    private final List<Integer> ranks;
    private final String self;
    private final ByteBuffer ownHeader = ByteBuffer.allocateDirect(HEADER_BYTES);

    /**
     * Over a group.
     *
     * @param ranks by their position in it
     * @param self this rank for messages
     */
    public SharedRounds(SharedGroup group, List<Integer> ranks, Topology self) {
        this.group = group;
        this.ranks = List.copyOf(ranks);
        this.self = self.describe();
    }

    int size() {
        return group.size();
    }

    int position() {
        return group.position();
    }

    int payloadBytes() {
        return group.slotBytes() - HEADER_BYTES;
    }

    /** Where the tensors of all ranks lie. */
    enum Place {
        /** In the same registered memory, at the same offset. */
        SAME,
        /** Each in ordinary memory. */
        ORDINARY,
        MIXED
    }

    /**
     * Exchanges the payload that has been laid down, and compares what all ranks are called for.
     *
     * @param number of the registered memory in which the tensor lies; -1 for ordinary memory
     */
    Place exchangeFirst(Operation operation, long number, long byteOffset) {
        ByteBuffer slot = group.slot(position(), group.round() + 1);
        slot.putLong(NUMBER_PLACE, number).putLong(OFFSET_PLACE, byteOffset);
        exchangeFirst(operation);
        boolean areSame = true;
        boolean areOrdinary = number == ORDINARY;
        for (int other = 0; other < size(); other++) {
            ByteBuffer theirs = group.slot(other, group.round());
            long theirNumber = theirs.getLong(NUMBER_PLACE);
            areOrdinary &= theirNumber == ORDINARY;
            areSame &= theirNumber == number && theirs.getLong(OFFSET_PLACE) == byteOffset;
        }
        if (areOrdinary) {
            return Place.ORDINARY;
        }
        return areSame ? Place.SAME : Place.MIXED;
    }

    /** The same where it does not matter where tensors lie. */
    void exchangeFirst(Operation operation) {
        CallHeader mine =
                new CallHeader(operation.generation(), operation.sequence(), operation.call());
        mine.encode(ownHeader.clear()).flip();
        ByteBuffer slot = group.slot(position(), group.round() + 1);
        slot.put(0, ownHeader, 0, ownHeader.limit());
        exchange(operation);
        for (int other = 0; other < size(); other++) {
            ByteBuffer theirs = group.slot(other, group.round()).slice(0, ownHeader.limit());
            if (theirs.mismatch(ownHeader) >= 0) {
                throw mismatch(operation, mine, other);
            }
        }
    }

    private RuntimeException mismatch(Operation operation, CallHeader mine, int other) {
        ByteBuffer slot =
                group.slot(other, group.round()).duplicate(); // big-endian, as a header is
        try {
            int length = CallHeader.announcedLength(slot);
            CallHeader theirs = CallHeader.decode(slot.slice(CallHeader.LENGTH_BYTES, length));
            return mine.mismatch(self, ranks.get(other), theirs);
        } catch (IOException e) {
            return operation.linkEnded(ranks.get(other), String.valueOf(e.getMessage()));
        }
    }

    /** Exchanges the payload that has been laid down. */
    void exchange(Operation operation) {
        group.exchange(operation);
    }

    /** Copies a part of a tensor to a place in this rank's payload of the next round. */
    void layDown(HostTensor tensor, Span part, int place) {
        ByteBuffer slot = group.slot(position(), group.round() + 1);
        int target = HEADER_BYTES + place;
        for (long done = 0; done < part.byteCount(); ) {
            ByteBuffer piece = tensor.view(part.byteOffset() + done, part.byteCount() - done);
            int bytes = piece.remaining();
            slot.put(target, piece, 0, bytes);
            target += bytes;
            done += bytes;
        }
    }

    /** Copies from a place in a rank's payload of the last round to a part of a tensor. */
    void take(int fromPosition, int place, HostTensor tensor, Span part) {
        take(fromPosition, group.round(), place, tensor, part);
    }

    /** Copies from what a rank has added to its payload after the round before the last. */
    void takeAdded(int fromPosition, int place, HostTensor tensor, Span part) {
        take(fromPosition, group.round() - 1, place, tensor, part);
    }

    private void take(int fromPosition, long round, int place, HostTensor tensor, Span part) {
        ByteBuffer slot = group.slot(fromPosition, round);
        int source = HEADER_BYTES + place;
        for (long done = 0; done < part.byteCount(); ) {
            ByteBuffer piece = tensor.view(part.byteOffset() + done, part.byteCount() - done);
            int bytes = piece.remaining();
            piece.put(0, slot, source, bytes);
            source += bytes;
            done += bytes;
        }
    }

    /** The bytes at a place in this rank's payload of the next round. */
    ByteBuffer laidDown(int place, int byteCount) {
        return group.slot(position(), group.round() + 1).slice(HEADER_BYTES + place, byteCount);
    }

    /** Lays down a text that is not longer than a path. */
    void layDown(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int count = Math.min(bytes.length, payloadBytes() / 2);
        ByteBuffer slot = group.slot(position(), group.round() + 1);
        slot.putInt(HEADER_BYTES, count).put(HEADER_BYTES + Integer.BYTES, bytes, 0, count);
    }

    /** The text that a rank has laid down for the last round. */
    String text(int ofPosition) {
        ByteBuffer slot = group.slot(ofPosition, group.round());
        int count = Math.max(0, Math.min(slot.getInt(HEADER_BYTES), payloadBytes() / 2));
        byte[] bytes = new byte[count];
        slot.get(HEADER_BYTES + Integer.BYTES, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** The bytes at a place in a rank's payload of the last round; written only by their owner. */
    ByteBuffer payload(int ofPosition, int place, int byteCount) {
        return group.slot(ofPosition, group.round()).slice(HEADER_BYTES + place, byteCount);
    }
}
