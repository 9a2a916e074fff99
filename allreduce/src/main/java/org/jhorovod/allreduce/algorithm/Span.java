package org.jhorovod.allreduce.algorithm;

/**
 * A run of bytes of a tensor.
 *
 * @param byteOffset where it starts
 * @param byteCount how long it is; may be 0
 */
record Span(long byteOffset, long byteCount) {}
