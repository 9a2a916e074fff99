package org.jhorovod.allreduce.transport.shm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.spi.Meeting;

/*
 * One rank's way into the group:
 *   tell where the own segment will be -> hear it of the others -> make it -> tell so -> map those of
 *   the others -> tell how that went -> hear it of the others -> remove the names.
 * Names are told first, so that the others remove that of a rank which is killed meanwhile.
 * What may fail is told too: too little space, or ranks that share the name of a host and not its
 * memory, as two containers do. So either all ranks have the group, or none has.
 */
/** Connects ranks of one host by shared memory. */
public final class SharedMemoryTransport {
    /** The name that users choose it by. */
    public static final String NAME = "shm";

    private static final String NAME_OF_SEGMENT = "shm-name";
    private static final String SEGMENT = "shm-segment";
    private static final String OUTCOME = "shm-outcome";
    private static final String NONE = "none";
    private static final String OK = "ok";
    // Of all ranks together: where memory is short, it is the sum that counts.
    private static final int ALL_SLOTS_BYTES = 8 << 20;
    private static final int MOST_SLOT_BYTES = 1 << 20;
    private static final int LEAST_SLOT_BYTES = 64 << 10;

    private final Meeting meeting;
    private final List<Integer> ranks;
    private final SegmentFiles files;
    private final int slotBytes;
    private final long segmentBytes;

    /** Prepares to connect ranks, in the order that all of them share. */
    public SharedMemoryTransport(Meeting meeting, SegmentFiles files, List<Integer> ranks) {
        this.meeting = meeting;
        this.ranks = List.copyOf(ranks);
        this.files = files;
        this.slotBytes = slotBytes(ranks.size());
        this.segmentBytes = SharedGroup.segmentBytes(slotBytes);
    }

    private static int slotBytes(int ranks) {
        int fair = Integer.highestOneBit(ALL_SLOTS_BYTES / (2 * ranks));
        return Math.max(LEAST_SLOT_BYTES, Math.min(MOST_SLOT_BYTES, fair));
    }

    /**
     * Connects this rank; all ranks do so at the same time.
     *
     * @throws IOException with the reason if one of them cannot; then all of them throw
     */
    public SharedGroup open() throws IOException {
        meeting.publish(NAME_OF_SEGMENT, files.name().toString());
        List<String> names = new ArrayList<>();
        for (int rank : ranks) {
            names.add(meeting.awaitPublished(rank, NAME_OF_SEGMENT));
        }
        int position = ranks.indexOf(meeting.self().rank());
        List<String> left = names;
        try {
            return share(position, names);
        } catch (IOException e) {
            left = List.of(names.get(position)); // the others may be about to map theirs
            throw e;
        } finally {
            files.remove(left);
        }
    }

    private SharedGroup share(int position, List<String> names) throws IOException {
        SharedSegment own;
        try {
            own = files.create(Path.of(names.get(position)), segmentBytes);
        } catch (IOException e) {
            meeting.publish(SEGMENT, NONE);
            meeting.publish(OUTCOME, String.valueOf(e.getMessage()));
            requireAll();
            throw e;
        }
        meeting.publish(SEGMENT, OK);
        List<SharedSegment> segments = new ArrayList<>();
        String outcome = OK;
        for (int i = 0; i < ranks.size(); i++) {
            try {
                if (i == position) {
                    segments.add(own);
                } else if (meeting.awaitPublished(ranks.get(i), SEGMENT).equals(OK)) {
                    segments.add(SharedSegment.open(Path.of(names.get(i)), segmentBytes));
                }
            } catch (IOException e) {
                outcome = "it cannot map the memory of rank %d: %s".formatted(ranks.get(i), e);
            }
        }
        meeting.publish(OUTCOME, outcome);
        requireAll();
        return new SharedGroup(position, segments, slotBytes);
    }

    private void requireAll() throws IOException {
        for (int rank : ranks) {
            String outcome = meeting.awaitPublished(rank, OUTCOME);
            if (!outcome.equals(OK)) {
                throw new NoSharedMemoryException(rank, outcome);
            }
        }
    }
}
