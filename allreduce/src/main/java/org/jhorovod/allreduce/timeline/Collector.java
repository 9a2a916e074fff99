package org.jhorovod.allreduce.timeline;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.control.Channel;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.control.Correspondent;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has what happens on all ranks written into one file, or summed up for a report, on rank 0: a
 * session lasts as long as one of both wants events.
 */
final class Collector implements Correspondent, Role {
    private static final Logger logger = LoggerFactory.getLogger(Collector.class);
    private static final long STOP_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Topology self;
    private final Timeline timeline;
    private final ControlPlane control;
    private final Outbox outbox;
    private final Set<Integer> gone = new HashSet<>(); // owned by the control thread
    private volatile @Nullable WritingThread current; // null where nothing is recorded
    private final @Nullable SummarySink summary; // null where nobody wants a report
    private int session; // guarded by this
    private boolean isFileOpen; // guarded by this

    Collector(
            Topology self, Timeline timeline, ControlPlane control, @Nullable SummarySink summary) {
        this.summary = summary;
        this.self = self;
        this.timeline = timeline;
        this.control = control;
        this.outbox = new Outbox(control);
    }

    @Override
    public synchronized void start(Path file) throws IOException {
        if (isFileOpen) {
            throw new IllegalStateException(
                    "The timeline is being written already. Call JHorovod.stopTimeline() first.");
        }
        WritingThread known = current;
        if (known == null) {
            session++; // of a file that cannot be opened too: other ranks may have begun it
            TraceSink trace = TraceSink.create(file);
            known = begun();
            known.write(trace);
        } else {
            known.write(TraceSink.create(file));
        }
        isFileOpen = true;
    }

    /** Begins to sum up, if that is wanted. */
    synchronized void sumUp() {
        if (summary != null) {
            session++;
            begun().write(summary);
        }
    }

    private WritingThread begun() {
        EventQueue queue = new EventQueue(Timeline.CAPACITY);
        WritingThread begun = new WritingThread(self.size(), queue, control, outbox);
        begun.start(session);
        current = begun;
        timeline.turnOn(queue);
        toAll(new Letter.Start(session));
        return begun;
    }

    @Override
    public synchronized void stop() {
        if (isFileOpen) {
            end(0, STOP_NANOS);
            sumUp();
        }
    }

    /**
     * Ends what is written.
     *
     * @param graceNanos for how long other ranks may end by themselves, with what they do last
     * @param waitNanos for how long they have then to send what they have recorded
     */
    private synchronized void end(long graceNanos, long waitNanos) {
        WritingThread known = current;
        if (known != null) {
            timeline.turnOff();
            known.awaitOthers(System.nanoTime() + graceNanos);
            toAll(new Letter.Stop(session));
            Set<Integer> late = known.awaitOthers(System.nanoTime() + waitNanos);
            if (!late.isEmpty() && control.failure().isEmpty()) {
                logger.warn(
                        "The last of what ranks {} recorded has not come: the timeline or report"
                                + " lacks some of it.",
                        late);
            }
            known.finish();
            current = null;
            isFileOpen = false;
        }
    }

    private void toAll(Letter letter) {
        for (int rank = 1; rank < self.size(); rank++) {
            outbox.post(rank, letter.encode());
        }
    }

    @Override
    public void received(int rank, ByteBuffer bytes) throws IOException {
        long now = System.nanoTime();
        Letter letter = Letter.read(bytes);
        WritingThread known = current;
        if (letter instanceof Letter.Question question) {
            byte[] answer = new Letter.Answer(question.sentNanos(), now).encode();
            control.send(Channel.TIMELINE, rank, answer);
        } else if (letter instanceof Letter.Events events) {
            if (known == null || known.session() != events.session()) {
                control.send(Channel.TIMELINE, rank, new Letter.Stop(events.session()).encode());
                control.send(Channel.TIMELINE, rank, new Letter.Written(events.session()).encode());
            } else {
                known.add(rank, events);
            }
        } else if (letter instanceof Letter.Ended ended) {
            if (known != null && known.session() == ended.session()) {
                known.ended(rank);
            }
        } else {
            throw new IOException("it sent a letter of a timeline that only rank 0 sends");
        }
    }

    @Override
    public void left(int rank) {
        gone.add(rank);
        work();
    }

    @Override
    public void work() {
        outbox.send();
        WritingThread known = current;
        if (known != null) {
            gone.forEach(known::ended);
        }
    }

    @Override
    public void closing() {
        end(GRACE_NANOS, CLOSE_NANOS);
        timeline.closing();
    }
}
