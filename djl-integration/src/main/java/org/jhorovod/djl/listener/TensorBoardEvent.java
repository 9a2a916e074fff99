package org.jhorovod.djl.listener;

import java.time.Instant;
import java.util.Map;

/*
 * The numbers are those of the fields in TensorFlow's event.proto and summary.proto.
 *
 * A program that goes on from a checkpoint has steps before it that the earlier attempt wrote too.
 * The session's start makes TensorBoard leave out what was written of its step and later ones.
 */

/** The three kinds of events that are written, as bytes. Stateless. */
final class TensorBoardEvent {
    private static final int WALL_TIME = 1;
    private static final int STEP = 2;
    private static final int FILE_VERSION = 3;
    private static final int SUMMARY = 5;
    private static final int SESSION_LOG = 7;

    private static final int SUMMARY_VALUE = 1;
    private static final int VALUE_TAG = 1;
    private static final int VALUE_SIMPLE = 2;
    private static final int SESSION_STATUS = 1;
    private static final int SESSION_START = 1;

    private TensorBoardEvent() {}

    /** The first of a file. */
    static byte[] version(Instant time) {
        return at(time).putText(FILE_VERSION, "brain.Event:2").toBytes();
    }

    /** That a training starts whose first step has this number. */
    static byte[] sessionStart(Instant time, long step) {
        ProtoMessage log = new ProtoMessage().putLong(SESSION_STATUS, SESSION_START);
        return at(time).putLong(STEP, step).putMessage(SESSION_LOG, log).toBytes();
    }

    /** Figures by their tags. */
    static byte[] scalars(Instant time, long step, Map<String, Float> figures) {
        ProtoMessage summary = new ProtoMessage();
        figures.forEach(
                (tag, figure) ->
                        summary.putMessage(
                                SUMMARY_VALUE,
                                new ProtoMessage()
                                        .putText(VALUE_TAG, tag)
                                        .putFloat(VALUE_SIMPLE, figure)));
        return at(time).putLong(STEP, step).putMessage(SUMMARY, summary).toBytes();
    }

    private static ProtoMessage at(Instant time) {
        return new ProtoMessage().putDouble(WALL_TIME, time.toEpochMilli() / 1e3);
    }
}
