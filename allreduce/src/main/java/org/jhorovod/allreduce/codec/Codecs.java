package org.jhorovod.allreduce.codec;

import java.util.Locale;
import org.jhorovod.allreduce.collective.DataType;

/** The codecs, by name. */
public final class Codecs {
    /** What {@link #parse} takes, in words. */
    public static final String ALLOWED =
            "none, float16, bfloat16, int8, int4, topk:FRACTION (more than 0, at most 1, such as"
                    + " topk:0.01) or powersgd:RANK (at least 1, such as powersgd:4)";

    private Codecs() {}

    /**
     * The codec of a name, as a user would write it.
     *
     * @throws IllegalArgumentException if there is none, with what is allowed
     */
    public static Codec parse(String text) {
        String name = text.strip().toLowerCase(Locale.ROOT);
        int colon = name.indexOf(':');
        try {
            return colon < 0
                    ? plain(name)
                    : withParameter(name.substring(0, colon), name.substring(colon + 1));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "There is no codec '%s' (%s). Use %s.".formatted(text, e.getMessage(), ALLOWED),
                    e);
        }
    }

    private static Codec plain(String name) {
        return switch (name) {
            case "none" -> new FullCodec();
            case "float16" -> new GatheredCodec(name, n -> new HalfPacking(DataType.FLOAT16, n));
            case "bfloat16" -> new GatheredCodec(name, n -> new HalfPacking(DataType.BFLOAT16, n));
            case "int8" -> new GatheredCodec(name, BlockPacking::ofBytes);
            case "int4" -> new GatheredCodec(name, BlockPacking::ofNibbles);
            case "topk", "powersgd" ->
                    throw new IllegalArgumentException("its parameter is missing");
            default -> throw new IllegalArgumentException("the name is unknown");
        };
    }

    private static Codec withParameter(String name, String parameter) {
        return switch (name) {
            case "topk" -> {
                Fraction fraction = Fraction.parse(parameter);
                yield new GatheredCodec(
                        name + ":" + fraction, n -> new TopPacking(n, fraction.ofCount(n)));
            }
            case "powersgd" -> new PowerSgdCodec(rank(parameter));
            default ->
                    throw new IllegalArgumentException(
                            "the name is unknown, or takes no parameter");
        };
    }

    private static int rank(String parameter) {
        int rank;
        try {
            rank = Integer.parseInt(parameter);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("its rank is no whole number", e);
        }
        if (rank < 1) {
            throw new IllegalArgumentException("its rank is below 1");
        }
        return rank;
    }
}
