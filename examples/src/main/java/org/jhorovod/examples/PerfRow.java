package org.jhorovod.examples;

/**
 * A row of the table.
 *
 * @param size in bytes
 * @param count how many elements these are
 * @param type of each element
 * @param redop how the ranks' elements become one
 * @param root -1, as an all-reduce has none
 * @param outOfPlace a copy of the input, and the all-reduce of the copy
 * @param inPlace the all-reduce alone
 */
record PerfRow(
        long size,
        long count,
        String type,
        String redop,
        int root,
        PerfTiming outOfPlace,
        PerfTiming inPlace) {}
