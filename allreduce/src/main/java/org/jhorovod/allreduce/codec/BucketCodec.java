package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * A codec at work on one bucket, with what it keeps from one reduction to the next: the residual,
 * which is what compression has lost here and will be sent later (error feedback [1, 2]), and the
 * factors from which PowerSGD starts.
 *
 * <p>Both can be read and written between two reductions, for checkpoints. The factors are the same
 * on all carriers; each carrier has a residual of its own. When a training resumes with another
 * number of carriers, what was lost must not be: the caller gives each of them the sum of all
 * residuals divided by the new number of carriers.
 *
 * <p>Used by one thread at a time.
 *
 * <p>[1] Seide et al.: 1-bit stochastic gradient descent, Interspeech 2014. [2] Karimireddy et al.:
 * Error feedback fixes SignSGD and other gradient compression schemes, arXiv 1901.09847, 2019.
 */
public interface BucketCodec {

    /**
     * Replaces values by the sum over all carriers of what each sent, bitwise equal on all of them.
     * The residual is added before, and holds what was not sent afterwards: what was sent and the
     * residual together are the values and the residual before, to one unit in the last place.
     *
     * <p>A NaN among the values of any carrier ends as NaN on all, and an infinity as an infinity
     * or NaN; the codecs with blocks or matrices make all of the block or matrix NaN. With {@code
     * topk} that holds for as many of them as it sends elements; with {@code powersgd} also for
     * matrices whose products overflow. The residual of what was not finite becomes 0, so that a
     * step that is skipped for it does not spoil those after.
     *
     * <p>Everything here is rounded; numbers that must be exact, such as counts of samples, travel
     * by another way. Blocks as long as the exchange does. After an exception the residual may be
     * anything.
     *
     * @param values float32 in native order between position and limit, as many as the layout has;
     *     direct memory for {@code none}, whose exchange works in place. The position stays
     * @throws org.jhorovod.allreduce.collective.MismatchException if another carrier's bytes are no
     *     encoding of such a bucket by this codec
     */
    void reduce(ByteBuffer values, Exchange exchange);

    /**
     * What has not been sent yet, one element a value; a view that may be written. Empty for {@code
     * none}, and without error feedback.
     */
    FloatBuffer residual();

    /**
     * The matrices Q of PowerSGD, one after another, each transposed, zeros before the first
     * reduction; a view that may be written. Empty for all other codecs.
     */
    FloatBuffer factors();
}
