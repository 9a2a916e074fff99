package org.jhorovod.examples;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that was measured, as it goes to JSON.
 *
 * @param header what was trained, where and how
 * @param modes in the order of {@link SyncMode}
 * @param ratios of each mode's steps to those of each mode behind it
 * @param memory of the processes
 * @param sameParameters whether all ranks ended with the same; null, and not in the JSON, where
 *     none averaged
 */
record TrainPerfReport(
        TrainPerfHeader header,
        List<TrainPerfRow> modes,
        List<StepRatio> ratios,
        TrainPerfMemory memory,
        @Nullable Boolean sameParameters) {

    /**
     * The report of all modes that were measured.
     *
     * @param isSame whether all ranks' averaged parameters are the same, if there are any
     */
    static TrainPerfReport of(
            TrainPerfHeader header, List<StepTimes> modes, TrainPerfMemory memory, boolean isSame) {
        int images = header.batch() * header.ranks();
        return new TrainPerfReport(
                header,
                modes.stream().map(mode -> TrainPerfRow.of(mode, images)).toList(),
                ratios(modes),
                memory,
                modes.stream().anyMatch(mode -> mode.mode().averages()) ? isSame : null);
    }

    /** The ratio of each mode to each one behind it. */
    static List<StepRatio> ratios(List<StepTimes> modes) {
        List<StepRatio> ratios = new ArrayList<>();
        for (int i = 0; i < modes.size(); i++) {
            for (StepTimes below : modes.subList(i + 1, modes.size())) {
                ratios.add(StepRatio.of(modes.get(i), below));
            }
        }
        return ratios;
    }
}
