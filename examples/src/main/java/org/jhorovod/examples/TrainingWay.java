package org.jhorovod.examples;

import com.google.common.base.Splitter;
import java.util.List;
import org.jhorovod.allreduce.codec.Codec;
import org.jhorovod.allreduce.codec.Codecs;
import org.jhorovod.djl.DistributedConfig;
import org.jhorovod.djl.local.OuterOptimizer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A way for ranks to train together.
 *
 * @param name as the user wrote it
 * @param localSteps that each site makes by itself; 0 where gradients are averaged in each step
 * @param codec between sites
 * @param fragments in which the sites agree
 * @param lockSteps for so many steps at first the sites agree after each
 * @param outerOptimizer what takes the mean change
 * @param budget the share of the time for communication by which local steps, codec and fragments
 *     are chosen; 0 where they are as given
 */
record TrainingWay(
        String name,
        int localSteps,
        Codec codec,
        int fragments,
        int lockSteps,
        OuterOptimizer outerOptimizer,
        double budget) {

    /** What {@link #parse} takes, in words. */
    static final String ALLOWED =
            "plain, or packed in each step, such as plain,int8, or local:STEPS with any of ,CODEC"
                    + " ,fragments:N ,lock:STEPS ,nesterov:RATE/MOMENTUM behind it, such as"
                    + " local:32,int8,fragments:4, or budget:SHARE, such as budget:0.2, which"
                    + " chooses by itself";

    /** Those that are compared if the user names none. */
    static final List<TrainingWay> USUAL =
            List.of(
                    parse("plain"),
                    parse("local:32"),
                    parse("local:32,int8"),
                    parse("local:32,int8,fragments:4"));

    private static final String PLAIN = "plain";
    private static final String LOCAL = "local:";
    private static final String BUDGET = "budget:";
    private static final Codec NONE = Codecs.parse("none");

    /**
     * Reads a way.
     *
     * @throws TypeConversionException if it is none
     */
    static TrainingWay parse(String text) {
        if (text.startsWith(BUDGET)) {
            return budget(text);
        }
        List<String> parts = Splitter.on(',').splitToList(text);
        boolean isInStep = parts.get(0).equals(PLAIN) && parts.size() <= 2;
        if (!isInStep && !parts.get(0).startsWith(LOCAL)) {
            throw isNone(text, null);
        }
        try {
            return isInStep ? plain(text, parts) : local(text, parts);
        } catch (IllegalArgumentException | TypeConversionException e) {
            throw isNone(text, e);
        }
    }

    private static TrainingWay plain(String text, List<String> parts) {
        return inStep(text, parts.size() == 1 ? NONE : Codecs.parse(parts.get(1)), 0);
    }

    private static TrainingWay inStep(String text, Codec codec, double budget) {
        return new TrainingWay(text, 0, codec, 1, 0, OuterOptimizer.average(), budget);
    }

    private static TrainingWay budget(String text) {
        try {
            double share = Double.parseDouble(text.substring(BUDGET.length()));
            if (share > 0 && share < 1) {
                return inStep(text, NONE, share);
            }
        } catch (NumberFormatException e) {
            throw isNone(text, e);
        }
        throw isNone(text, null);
    }

    private static TrainingWay local(String text, List<String> parts) {
        int steps = number(parts.get(0));
        Codec codec = NONE;
        int fragments = 1;
        int lockSteps = 0;
        OuterOptimizer outer = OuterOptimizer.average();
        for (String part : parts.subList(1, parts.size())) {
            if (part.startsWith("fragments:")) {
                fragments = number(part);
            } else if (part.startsWith("lock:")) {
                lockSteps = number(part);
            } else if (part.startsWith("nesterov:")) {
                outer = OuterOptimizer.parse(part.replace('/', ','));
            } else {
                codec = Codecs.parse(part);
            }
        }
        if (fragments > steps) {
            throw new IllegalArgumentException("there are more fragments than local steps");
        }
        return new TrainingWay(text, steps, codec, fragments, lockSteps, outer, 0);
    }

    private static int number(String part) {
        return new TrainingOptions.AtLeastOne().convert(part.substring(part.indexOf(':') + 1));
    }

    private static TypeConversionException isNone(String text, @Nullable RuntimeException cause) {
        String reason = cause == null ? "" : " (%s)".formatted(cause.getMessage());
        return new TypeConversionException(
                "'%s' is no way to train%s. Use %s".formatted(text, reason, ALLOWED));
    }

    /** Whether all ranks average their gradients in each step, and in full. */
    boolean isPlain() {
        return localSteps == 0 && budget == 0 && codec.name().equals(NONE.name());
    }

    /** The same for a trainer, whatever the environment says. */
    DistributedConfig config(int seed) {
        return DistributedConfig.builder()
                .optSeed(seed)
                .optLocalSteps(localSteps)
                .optCodec(codec)
                .optFragments(fragments)
                .optLockSteps(lockSteps)
                .optOuterOptimizer(outerOptimizer)
                .optCommunicationBudget(budget)
                .optBalance(false)
                .build();
    }

    /** For picocli. */
    static final class Converter implements ITypeConverter<TrainingWay> {
        @Override
        public TrainingWay convert(String text) {
            return parse(text);
        }
    }
}
