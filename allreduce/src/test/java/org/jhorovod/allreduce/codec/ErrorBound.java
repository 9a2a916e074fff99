package org.jhorovod.allreduce.codec;

import java.util.Arrays;

/** How far from a value what is sent in its place may be: the loss that each codec promises. */
interface ErrorBound {

    /** The bound for each of the values that one carrier has to send. */
    double[] of(float[] values);

    /** That of a codec with this name, for values without structure. */
    static ErrorBound ofCodec(String name) {
        return switch (name) {
            case "none" -> values -> new double[values.length];
            case "float16" -> values -> ofHalf(values, 0x1p-11, 0x1p-25, 65504);
            case "bfloat16" -> values -> ofHalf(values, 0x1p-8, 0, 0x1.fep127);
            case "int8" -> values -> ofBlocks(values, 256, 127);
            case "int4" -> values -> ofBlocks(values, 64, 7);
            case "topk:0.01" -> values -> ofTop(values, 100);
            case "topk:0.25" -> values -> ofTop(values, 4);
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** Half of the last place, or of the smallest number; and what is beyond the largest. */
    private static double[] ofHalf(float[] values, double relative, double least, double largest) {
        double[] bounds = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            double magnitude = Math.abs((double) values[i]);
            bounds[i] =
                    magnitude > largest
                            ? magnitude - largest
                            : Math.max(relative * magnitude, Math.max(least, 0x1p-134));
        }
        return bounds;
    }

    /** Half a step, and the rounding of the division by it. */
    private static double[] ofBlocks(float[] values, int blockElements, int largestNumber) {
        double[] bounds = new double[values.length];
        for (int start = 0; start < values.length; start += blockElements) {
            int end = Math.min(values.length, start + blockElements);
            double largest = 0;
            for (int i = start; i < end; i++) {
                largest = Math.max(largest, Math.abs((double) values[i]));
            }
            double step = Math.max(largest / largestNumber, Float.MIN_NORMAL);
            Arrays.fill(bounds, start, end, step / 2 + largest * 0x1p-22);
        }
        return bounds;
    }

    /** Nothing of the largest; all of the others, which are no larger than the last of those. */
    private static double[] ofTop(float[] values, int oneOf) {
        double[] magnitudes = new double[values.length];
        Arrays.setAll(magnitudes, i -> Math.abs((double) values[i]));
        double[] sorted = magnitudes.clone();
        Arrays.sort(sorted);
        int kept = (values.length + oneOf - 1) / oneOf;
        double last = values.length == 0 ? 0 : sorted[values.length - kept];
        double[] bounds = new double[values.length];
        Arrays.setAll(bounds, i -> magnitudes[i] > last ? 0 : magnitudes[i]);
        return bounds;
    }
}
