package org.jhorovod.examples;

/**
 * What was trained, and where and how its steps were measured.
 *
 * @param model its name
 * @param parameters how many elements are trained
 * @param batch images a step of each rank
 * @param device what each rank computes on
 * @param ranks how many processes take part
 * @param hosts on how many hosts they run
 * @param transport how the bytes travel between them
 * @param threads that compute on each rank
 * @param cores of rank 0's host
 * @param jdk the version of rank 0's Java
 * @param steps of each block
 * @param blocks of each mode, without the one that goes before
 */
record TrainPerfHeader(
        String model,
        long parameters,
        int batch,
        String device,
        int ranks,
        int hosts,
        String transport,
        int threads,
        int cores,
        String jdk,
        int steps,
        int blocks) {}
