package org.jhorovod.examples;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that was measured, as it goes to JSON.
 *
 * @param header what was trained, and where
 * @param ways in the order in which they were trained
 * @param curves of the same
 */
record SlowLinkReport(SlowLinkHeader header, List<SlowLinkRow> ways, List<AccuracyCurve> curves) {

    /**
     * The report of all ways.
     *
     * @param plainSteps steps that plain takes to the accuracy, for an estimate; or null
     */
    static SlowLinkReport of(
            SlowLinkHeader header, List<AccuracyCurve> curves, @Nullable Integer plainSteps) {
        List<SlowLinkRow> rows =
                curves.stream()
                        .map(
                                curve ->
                                        SlowLinkRow.of(
                                                curve,
                                                header.accuracy(),
                                                isPlain(curve.way()) ? plainSteps : null))
                        .toList();
        SlowLinkRow plain =
                rows.stream().filter(row -> isPlain(row.way())).findFirst().orElse(null);
        return new SlowLinkReport(
                header, rows.stream().map(row -> row.beside(plain)).toList(), curves);
    }

    private static boolean isPlain(String way) {
        return TrainingWay.parse(way).isPlain();
    }
}
