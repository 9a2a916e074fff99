package org.jhorovod.examples;

/**
 * Where and how a table was measured.
 *
 * @param ranks how many processes take part
 * @param hosts on how many hosts they run
 * @param transport how the bytes travel between them
 * @param memory where the elements lie
 * @param cores of rank 0's host
 * @param jdk the version of rank 0's Java
 * @param iterations how many are timed for each size
 * @param warmup how many go before
 */
record PerfHeader(
        int ranks,
        int hosts,
        String transport,
        String memory,
        int cores,
        String jdk,
        int iterations,
        int warmup) {}
