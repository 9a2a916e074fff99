package org.jhorovod.djl.budget;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.jhorovod.allreduce.codec.BucketCodec;
import org.jhorovod.allreduce.codec.BucketLayout;
import org.jhorovod.allreduce.codec.Codec;
import org.jhorovod.allreduce.codec.ErrorFeedback;
import org.jhorovod.allreduce.codec.Exchange;

/** Tries how long a codec packs and unpacks. */
public final class PackingTrial {
    private static final int MOST_ELEMENTS = 1 << 20;
    private static final int TRIALS = 6;
    private static final double ENOUGH_SECONDS = 0.15;

    private PackingTrial() {}

    /**
     * The seconds that an element takes there and back, in the best of a few trials, of which the
     * first are those of a cold JVM.
     *
     * @param elements of the model, of which a part is enough
     */
    public static double secondsPerElement(Codec codec, long elements, int carriers) {
        int count = (int) Math.max(1, Math.min(MOST_ELEMENTS, elements));
        BucketCodec bucket =
                codec.open(BucketLayout.ofShapes(new long[] {count}), ErrorFeedback.ON);
        ByteBuffer values =
                ByteBuffer.allocateDirect(count * Float.BYTES).order(ByteOrder.nativeOrder());
        Random random = new Random(1);
        for (int i = 0; i < count; i++) {
            values.putFloat(i * Float.BYTES, random.nextFloat() - 0.5f);
        }
        Exchange nobody = new Echo(carriers);
        double best = Double.MAX_VALUE;
        double sum = 0;
        for (int i = 0; i < TRIALS && sum < ENOUGH_SECONDS; i++) {
            long start = System.nanoTime();
            bucket.reduce(values, nobody);
            double seconds = (System.nanoTime() - start) / 1e9;
            best = Math.min(best, seconds);
            sum += seconds;
        }
        return best / count;
    }

    /** As if all carriers sent the same, over a line that takes no time. */
    private record Echo(int size) implements Exchange {
        @Override
        public int position() {
            return 0;
        }

        @Override
        public void allGather(ByteBuffer own, ByteBuffer all) {
            for (int carrier = 0; carrier < size; carrier++) {
                all.put(own.duplicate());
            }
        }

        @Override
        public void allReduce(ByteBuffer sum) {}
    }
}
