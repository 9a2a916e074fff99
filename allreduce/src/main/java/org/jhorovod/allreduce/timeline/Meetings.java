package org.jhorovod.allreduce.timeline;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/*
 * A collective has the same number on all ranks, so what they record of it is put together: until the last
 * of them has begun it, the others wait for that one; from then on bytes travel. Groups of ranks count by
 * themselves, each from 1: what they record says which group it is.
 */
/** Puts together what the ranks record of the same collective. */
final class Meetings {
    private static final int MOST_OPEN = 4096;
    private static final long ABSENT = Long.MIN_VALUE;

    private final int size;
    private final Windows windows;
    private final Map<Key, Meeting> open = new LinkedHashMap<>(); // the oldest first
    private final long[] lastCounts;

    private record Key(String track, int firstRank, long sequence) {}

    /** One collective, as far as the ranks have told. */
    private static final class Meeting {
        private final long[] starts;
        private final long[] durations;
        private int come;

        Meeting(int size) {
            starts = new long[size];
            durations = new long[size];
            Arrays.fill(starts, ABSENT);
        }
    }

    Meetings(int size, Windows windows) {
        this.size = size;
        this.windows = windows;
        this.lastCounts = new long[size];
    }

    /** Takes a collective of a rank. */
    void add(int rank, Event event) {
        windows.spread(
                rank,
                event.startNanos(),
                event.durationNanos(),
                (window, nanos) -> window.collectiveNanos += nanos);
        Event.Party party = event.detail().party();
        if (party.size() < 2 || party.size() > size) {
            return; // nobody to wait for
        }
        Key key = new Key(event.track(), party.firstRank(), event.detail().sequence());
        Meeting meeting = open.computeIfAbsent(key, k -> new Meeting(size));
        if (meeting.starts[rank] == ABSENT) {
            meeting.come++;
        }
        meeting.starts[rank] = event.startNanos();
        meeting.durations[rank] = event.durationNanos();
        if (meeting.come == party.size()) {
            open.remove(key);
            settle(meeting);
        } else if (open.size() > MOST_OPEN) {
            forgetOldest(); // events of some rank were lost
        }
    }

    private void forgetOldest() {
        Iterator<Meeting> oldest = open.values().iterator();
        oldest.next();
        oldest.remove();
    }

    private void settle(Meeting meeting) {
        int last = 0; // who is absent has the least start
        for (int rank = 1; rank < size; rank++) {
            if (meeting.starts[rank] > meeting.starts[last]) {
                last = rank;
            }
        }
        long lastStart = meeting.starts[last];
        long before = ABSENT;
        for (int rank = 0; rank < size; rank++) {
            if (rank != last && meeting.starts[rank] != ABSENT) {
                before = Math.max(before, meeting.starts[rank]);
                waited(rank, meeting, lastStart);
            }
        }
        lastCounts[last]++;
        windows.spread(
                last, before, lastStart - before, (window, nanos) -> window.lateNanos += nanos);
    }

    private void waited(int rank, Meeting meeting, long lastStart) {
        long start = meeting.starts[rank];
        long waited = Math.min(meeting.durations[rank], lastStart - start);
        windows.spread(rank, start, waited, (window, nanos) -> window.peerNanos += nanos);
    }

    long lastCount(int rank) {
        return lastCounts[rank];
    }
}
