package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.function.IntFunction;
import org.jhorovod.allreduce.collective.MismatchException;

/**
 * Every carrier sends its packing to all, and each decodes all of them and adds them up in the same
 * order.
 *
 * @param packing makes one for a number of elements
 */
record GatheredCodec(String name, IntFunction<Packing> packing) implements Codec {

    @Override
    public BucketCodec open(BucketLayout layout, ErrorFeedback feedback) {
        int elementCount = layout.elementCount();
        return new Bucket(name, packing.apply(elementCount), elementCount, feedback);
    }

    @Override
    public long bytesSent(BucketLayout layout, int carriers) {
        return RingTraffic.allGather(packing.apply(layout.elementCount()).byteCount(), carriers);
    }

    private static final class Bucket implements BucketCodec {
        private final String name;
        private final Packing packing;
        private final int elementCount;
        private final Carried carried;
        private final ByteBuffer own;
        private final float[] sums = new float[Carried.WINDOW];

        // Allocated at the first reduction, which tells how many carriers there are.
        private ByteBuffer all = ByteBuffer.allocate(0);
        private ByteBuffer[] encodings = {};

        Bucket(String name, Packing packing, int elementCount, ErrorFeedback feedback) {
            this.name = name;
            this.packing = packing;
            this.elementCount = elementCount;
            this.carried = new Carried(elementCount, feedback);
            this.own = allocate(packing.byteCount());
        }

        private static ByteBuffer allocate(int byteCount) {
            return ByteBuffer.allocateDirect(byteCount).order(ByteOrder.LITTLE_ENDIAN);
        }

        @Override
        public void reduce(ByteBuffer values, Exchange exchange) {
            FloatBuffer floats = Carried.floats(values, elementCount);
            allocateFor(exchange.size());
            carried.add(floats);
            packing.encode(carried.elements(), own.clear());
            exchange.allGather(own.clear(), all.clear());
            for (int carrier = 0; carrier < encodings.length; carrier++) {
                require(carrier, exchange.position());
            }
            sumInto(floats);
        }

        private void allocateFor(int carriers) {
            if (encodings.length == carriers) {
                return;
            }
            int byteCount = packing.byteCount();
            if ((long) byteCount * carriers > Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        "The encodings by '%s' of a bucket of %d elements, %d bytes from each of %d carriers, are more than a buffer can hold. Use smaller buckets."
                                .formatted(name, elementCount, byteCount, carriers));
            }
            all = allocate(byteCount * carriers);
            encodings = new ByteBuffer[carriers];
            for (int carrier = 0; carrier < carriers; carrier++) {
                encodings[carrier] =
                        all.slice(carrier * byteCount, byteCount).order(ByteOrder.LITTLE_ENDIAN);
            }
        }

        private void require(int carrier, int position) {
            try {
                packing.require(encodings[carrier]);
            } catch (IllegalArgumentException e) {
                throw new MismatchException(
                        "Carrier %d cannot decode what carrier %d sent as the codec '%s' of a bucket of %d elements: %s. All carriers must run the same version with the same codec and the same buckets."
                                .formatted(position, carrier, name, elementCount, e.getMessage()));
            }
        }

        private void sumInto(FloatBuffer values) {
            for (int start = 0; start < elementCount; start += Carried.WINDOW) {
                int count = Math.min(Carried.WINDOW, elementCount - start);
                Arrays.fill(sums, 0, count, 0);
                for (ByteBuffer encoding : encodings) {
                    packing.add(encoding, start, sums, count);
                }
                Carried.unifyNans(sums, count);
                values.put(start, sums, 0, count);
            }
        }

        @Override
        public FloatBuffer residual() {
            return carried.residual();
        }

        @Override
        public FloatBuffer factors() {
            return FloatBuffer.allocate(0);
        }
    }
}
