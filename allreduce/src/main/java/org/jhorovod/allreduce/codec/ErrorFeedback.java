package org.jhorovod.allreduce.codec;

/** Whether what one reduction loses is added to the values of the next. */
public enum ErrorFeedback {
    /** The default: without it, {@code int4}, {@code topk} and {@code powersgd} fall short. */
    ON,
    /** What is lost is lost; for comparisons. */
    OFF
}
