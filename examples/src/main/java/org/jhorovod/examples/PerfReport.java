package org.jhorovod.examples;

import java.util.List;
import java.util.stream.Stream;

/**
 * A whole table, as it goes to JSON.
 *
 * @param header where and how it was measured
 * @param rows in the order of measuring
 * @param averageBusbw over all rows, in and out of place, in GB/s
 * @param wrong how many elements were wrong in all
 */
record PerfReport(PerfHeader header, List<PerfRow> rows, double averageBusbw, long wrong) {

    static PerfReport of(PerfHeader header, List<PerfRow> rows) {
        List<PerfTiming> timings =
                rows.stream().flatMap(row -> Stream.of(row.outOfPlace(), row.inPlace())).toList();
        return new PerfReport(
                header,
                rows,
                timings.stream().mapToDouble(PerfTiming::busbw).average().orElse(0),
                timings.stream().mapToLong(PerfTiming::wrong).sum());
    }
}
