package org.jhorovod.djl;

import ai.djl.nn.Block;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Base64;
import java.util.List;

/** A model's elements as text, on their way from a rank to a test. */
final class Parameters {
    private Parameters() {}

    /** All elements of a block in its order. */
    static String encode(Block block) {
        List<NamedParameter> all = NamedParameter.of(block);
        int count = all.stream().mapToInt(p -> (int) p.array().size()).sum();
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.nativeOrder());
        all.forEach(p -> bytes.put(TensorMemory.bytes(p.array())));
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    /** The elements of several arrays. */
    static String encode(List<float[]> arrays) {
        int count = arrays.stream().mapToInt(array -> array.length).sum();
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.nativeOrder());
        FloatBuffer floats = bytes.asFloatBuffer();
        arrays.forEach(floats::put);
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    /** The distance of two models relative to the second one's length. */
    static double relativeDistance(String actual, String expected) {
        FloatBuffer a = decode(actual);
        FloatBuffer e = decode(expected);
        if (a.remaining() != e.remaining()) {
            throw new AssertionError(a.remaining() + " elements against " + e.remaining());
        }
        double distance = 0;
        double length = 0;
        for (int i = 0; i < a.remaining(); i++) {
            double difference = (double) a.get(i) - e.get(i);
            distance += difference * difference;
            length += (double) e.get(i) * e.get(i);
        }
        return Math.sqrt(distance / length);
    }

    private static FloatBuffer decode(String text) {
        return ByteBuffer.wrap(Base64.getDecoder().decode(text))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }
}
