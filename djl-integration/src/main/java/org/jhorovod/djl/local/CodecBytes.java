package org.jhorovod.djl.local;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jhorovod.allreduce.codec.BucketLayout;
import org.jhorovod.allreduce.codec.Codec;
import org.jhorovod.allreduce.codec.Codecs;

/**
 * What a carrier sends in one exchange of all parameters, by a codec and without.
 *
 * @param codec its name
 * @param sites how many there are
 */
public record CodecBytes(String codec, int sites, long packed, long inFull) {
    private static final Codec IN_FULL = Codecs.parse("none");
    private static final double MEGA = 1e6;

    /** Less saved is none, as a bucket may be cut in a way that costs a few bytes more. */
    private static final double LEAST_SAVED = 0.01;

    /** By the codecs' formulas, for parameters of these shapes. */
    public static CodecBytes of(Codec codec, int sites, List<long[]> shapes) {
        return new CodecBytes(
                codec.name(), sites, sum(codec, sites, shapes), sum(IN_FULL, sites, shapes));
    }

    private static long sum(Codec codec, int sites, List<long[]> shapes) {
        return shapes.stream()
                .mapToLong(shape -> codec.bytesSent(BucketLayout.ofShapes(shape), sites))
                .sum();
    }

    /** What to say where the codec saves nothing; empty where it does, or there is none. */
    public Optional<String> warning() {
        boolean isSaving = packed < (1 - LEAST_SAVED) * inFull;
        if (isSaving || codec.equals(IN_FULL.name()) || inFull == 0) {
            return Optional.empty();
        }
        return Optional.of(
                String.format(
                        Locale.ROOT,
                        "Between %d sites the codec %s saves nothing: of all parameters each site"
                            + " sends %.1f MB, and in full precision %.1f MB, because every site"
                            + " gets what each other one sends. Have fewer sites (JHOROVOD_SITES;"
                            + " each host is one if not set), a codec that packs more, such as"
                            + " topk:0.01 or powersgd:4, or more local steps (JHOROVOD_LOCAL_STEPS)"
                            + " without a codec.",
                        sites,
                        codec,
                        packed / MEGA,
                        inFull / MEGA));
    }
}
