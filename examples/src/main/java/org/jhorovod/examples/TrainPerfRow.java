package org.jhorovod.examples;

import java.util.List;

/**
 * What was measured of a mode.
 *
 * @param sync the mode
 * @param stepMillis the median step, in milliseconds; each step lasts as long as on its slowest
 *     rank
 * @param minMillis the shortest
 * @param maxMillis the longest
 * @param imagesPerSecond over all ranks, in the median step
 * @param waitingShare the share of the steps spent waiting for other ranks, 0 to 1
 * @param controlBytes that a rank sent over its control connections in a step, beside heartbeats
 * @param blockMillis every step, block by block
 */
record TrainPerfRow(
        String sync,
        double stepMillis,
        double minMillis,
        double maxMillis,
        double imagesPerSecond,
        double waitingShare,
        double controlBytes,
        List<double[]> blockMillis) {

    /**
     * The figures of a mode.
     *
     * @param images a step of all ranks
     */
    static TrainPerfRow of(StepTimes times, int images) {
        double median = times.median();
        return new TrainPerfRow(
                times.mode().word(),
                median,
                times.shortest(),
                times.longest(),
                images * 1e3 / median,
                times.waitingShare(),
                times.controlBytes(),
                times.blocks());
    }
}
