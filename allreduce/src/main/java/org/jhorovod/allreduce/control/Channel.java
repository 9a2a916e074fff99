package org.jhorovod.allreduce.control;

/** What letters are about; each has a correspondent of its own, and its number on the wire. */
public enum Channel {
    /** What all ranks run next. */
    NEGOTIATION,
    /** What happened when. */
    TIMELINE,
    /** What ranks do for which others wait. */
    WHEREABOUTS
}
