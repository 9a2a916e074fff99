package org.jhorovod.allreduce.timeline;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.control.Channel;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.control.Correspondent;
import org.jspecify.annotations.Nullable;

/** Has what happens on a rank other than 0 sent there. */
final class Sender implements Correspondent, Role {
    private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final int rank;
    private final Timeline timeline;
    private final ControlPlane control;
    private final Outbox outbox;
    private final ClockSurvey survey = new ClockSurvey();
    private volatile @Nullable SendingThread current; // null where nothing is recorded
    private volatile boolean isRank0Gone;
    private int lastSession; // guarded by this

    Sender(int rank, Timeline timeline, ControlPlane control) {
        this.rank = rank;
        this.timeline = timeline;
        this.control = control;
        this.outbox = new Outbox(control);
    }

    /** Begins to record, unless this or a later session was begun before. */
    synchronized void begin(int session) {
        if (session <= lastSession) {
            return;
        }
        finish();
        SendingThread before = current;
        if (before != null && before.isWithoutRoom()) {
            before.giveUp(); // nobody writes what it sends any more
        }
        lastSession = session;
        EventQueue queue = new EventQueue(Timeline.CAPACITY);
        SendingThread begun = new SendingThread(rank, session, queue, survey::clock, outbox);
        current = begun;
        begun.start();
        timeline.turnOn(queue);
        control.wakeup();
    }

    private void finish() {
        SendingThread known = current;
        if (known != null) {
            timeline.turnOff();
            known.finish();
        }
    }

    @Override
    public void received(int from, ByteBuffer bytes) throws IOException {
        long now = System.nanoTime();
        Letter letter = Letter.read(bytes);
        SendingThread known = current;
        if (letter instanceof Letter.Start start) {
            begin(start.session());
        } else if (letter instanceof Letter.Stop stop) {
            if (known != null && known.session() == stop.session()) {
                finish();
            }
        } else if (letter instanceof Letter.Answer answer) {
            if (survey.heard(new RoundTrip(answer.sentNanos(), answer.answeredNanos(), now))) {
                ask();
            }
        } else if (letter instanceof Letter.Written written) {
            if (known != null && known.session() == written.session()) {
                known.written();
            }
        } else {
            throw new IOException("it sent a letter of a timeline to a rank that is not rank 0");
        }
    }

    private void ask() {
        control.send(Channel.TIMELINE, 0, new Letter.Question(System.nanoTime()).encode());
    }

    @Override
    public void left(int peer) {
        SendingThread known = current;
        if (peer == 0) {
            isRank0Gone = true;
            timeline.turnOff();
            if (known != null) {
                known.giveUp();
            }
        }
    }

    @Override
    public void work() {
        outbox.send();
        SendingThread known = current;
        boolean isSending = known != null && !known.isDone() && !isRank0Gone;
        if (isSending && survey.begins(System.nanoTime())) {
            ask();
        }
    }

    @Override
    public void closing() {
        sendTheRest();
        timeline.closing();
    }

    private void sendTheRest() {
        SendingThread known = current;
        if (known == null || isRank0Gone) {
            return;
        }
        finish();
        if (control.failure().isEmpty()) {
            known.awaitDone(System.nanoTime() + CLOSE_NANOS);
        }
        known.giveUp();
    }

    @Override
    public void start(Path file) {
        throw Role.notRank0(rank);
    }

    @Override
    public void stop() {
        throw Role.notRank0(rank);
    }
}
