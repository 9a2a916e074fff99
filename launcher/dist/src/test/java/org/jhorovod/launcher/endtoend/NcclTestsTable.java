package org.jhorovod.launcher.endtoend;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/*
 * What nccl-tests' all_reduce_perf prints: lines of comment that start with #, and a row a size
 * with the columns size, count, type, redop, root, then time, algbw, busbw and #wrong out of place,
 * then the same four in place. Older versions have no root; one that does not check prints N/A.
 */

/** The table of nccl-tests' {@code all_reduce_perf}. */
final class NcclTestsTable {
    private static final int HALF = 4;
    private static final int BUSBW = 2;

    private NcclTestsTable() {}

    /**
     * The bus bandwidth in place of each size.
     *
     * @param printed the whole output; lines that are no rows are left out
     * @return GB/s by size in bytes
     */
    static Map<Long, Double> busBandwidths(String printed) {
        Map<Long, Double> bandwidths = new TreeMap<>();
        for (String line : printed.lines().toList()) {
            List<String> words = Arrays.asList(line.strip().split("\\s+"));
            if (words.size() >= 2 * HALF + 4 && words.get(0).matches("[0-9]+")) {
                String inPlace = words.get(words.size() - HALF + BUSBW);
                bandwidths.put(Long.valueOf(words.get(0)), Double.valueOf(inPlace));
            }
        }
        return bandwidths;
    }

    /**
     * A line for each size of ours, with ours by theirs.
     *
     * @param ours GB/s by size in bytes
     * @param theirs of the same sizes; one that is missing shows as a dash
     */
    static String comparison(Map<Long, Double> ours, Map<Long, Double> theirs) {
        StringBuilder lines =
                new StringBuilder(
                        "%12s %10s %10s %6s%n".formatted("bytes", "ours", "theirs", "by"));
        new TreeMap<>(ours)
                .forEach(
                        (size, our) -> {
                            Double their = theirs.get(size);
                            String other = their == null ? "-" : "%.2f".formatted(their);
                            String by =
                                    their == null || their == 0
                                            ? "-"
                                            : "%.2f".formatted(our / their);
                            lines.append("%12d %10.2f %10s %6s%n".formatted(size, our, other, by));
                        });
        return lines.toString();
    }
}
