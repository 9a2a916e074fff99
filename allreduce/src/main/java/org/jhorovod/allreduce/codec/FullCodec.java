package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** Float32 in full; nothing is lost, so nothing is kept. */
record FullCodec() implements Codec {

    @Override
    public String name() {
        return "none";
    }

    @Override
    public BucketCodec open(BucketLayout layout, ErrorFeedback feedback) {
        return new Bucket(layout.elementCount());
    }

    @Override
    public long bytesSent(BucketLayout layout, int carriers) {
        return RingTraffic.allReduce(layout.elementCount(), carriers);
    }

    private record Bucket(int elementCount) implements BucketCodec {

        @Override
        public void reduce(ByteBuffer values, Exchange exchange) {
            Carried.floats(values, elementCount); // refuses another count
            exchange.allReduce(values.duplicate().order(values.order()));
        }

        @Override
        public FloatBuffer residual() {
            return FloatBuffer.allocate(0);
        }

        @Override
        public FloatBuffer factors() {
            return FloatBuffer.allocate(0);
        }
    }
}
