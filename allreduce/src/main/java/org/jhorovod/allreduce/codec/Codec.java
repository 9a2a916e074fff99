package org.jhorovod.allreduce.codec;

/**
 * How carriers sum float32 values over a slow line: in full, or packed into fewer bytes with a
 * loss. Immutable, and safe for use by several threads.
 *
 * <p>All carriers must use the same codec and cut their values into the same buckets; the bytes do
 * not tell {@code float16} from {@code bfloat16}, so compare the names once, at the start.
 *
 * <pre>{@code
 * Codec codec = Codecs.parse("topk:0.01");
 * BucketCodec bucket = codec.open(layout, ErrorFeedback.ON);
 * bucket.reduce(gradients, exchange); // in each step
 * }</pre>
 */
public interface Codec {

    /** As in the setting, such as {@code int8}, {@code topk:0.01} or {@code powersgd:4}. */
    String name();

    /** The codec at work on a bucket, with nothing kept yet and memory of its own. */
    BucketCodec open(BucketLayout layout, ErrorFeedback feedback);

    /**
     * How many bytes one carrier sends in each reduction of a bucket, if the exchange goes around a
     * ring: {@code (C-1) * B} for an all-gather of B bytes a carrier between C carriers, {@code 4 *
     * ceil(2 * (C-1) * E / C)} for an all-reduce of E elements (the mean over the carriers, as E
     * may be no multiple of C). For n elements in all:
     *
     * <ul>
     *   <li>{@code none}: one all-reduce of n elements;
     *   <li>{@code float16}, {@code bfloat16}: one all-gather of 2n bytes;
     *   <li>{@code int8}: of n + 4 ceil(n/256) bytes; {@code int4}: of ceil(n/2) + 4 ceil(n/64);
     *   <li>{@code topk:f}: of 8 ceil(f n) bytes;
     *   <li>{@code powersgd:r}: one all-reduce of the elements that travel in full and r x rows of
     *       each other part, and one of r x columns of each of these.
     * </ul>
     *
     * @param carriers at least 1
     */
    long bytesSent(BucketLayout layout, int carriers);
}
