package org.jhorovod.allreduce.collective;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What a rank asks for when it calls a collective: the part on which all ranks must agree.
 *
 * @param kind which collective
 * @param name the name given by the caller, which identifies the tensor in messages
 * @param type the element type
 * @param op the reduction, or null where the collective does not reduce
 * @param isPrescaled whether each rank multiplies its elements by a factor of its own before
 * @param postscale by what the result is multiplied; 1 for nothing
 * @param root the rank that sends, or -1 where the collective has no root
 * @param elementCount the elements that each rank contributes, or those of all parts; 0 where the
 *     ranks contribute as many as they like
 * @param memory whether the elements lie in host or device memory
 * @param parts how the elements are divided among the ranks, as {@link Parts#describe} says it;
 *     empty where they are not, or each rank has counts of its own
 */
public record CollectiveCall(
        Kind kind,
        String name,
        DataType type,
        @Nullable ReduceOp op,
        boolean isPrescaled,
        double postscale,
        int root,
        long elementCount,
        Memory memory,
        String parts) {

    /** Where the elements lie. */
    public enum Memory {
        HOST,
        DEVICE;

        /** The memory of a tensor. */
        public static Memory of(Tensor tensor) {
            return tensor instanceof HostTensor ? HOST : DEVICE;
        }
    }

    /** The collectives. */
    public enum Kind {
        ALL_REDUCE("all-reduce"),
        BROADCAST("broadcast"),
        ALL_GATHER("all-gather"),
        BARRIER("barrier"),
        ALLOCATION("allocation"),
        REDUCE_SCATTER("reduce-scatter"),
        UNEQUAL_ALL_GATHER("unequal all-gather"),
        ALL_TO_ALL("all-to-all"),
        SPARSE_ALL_REDUCE("sparse all-reduce"),
        OBJECT_BROADCAST("object broadcast"),
        OBJECT_ALL_GATHER("object all-gather");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        /** The field's word for this collective. */
        public String word() {
            return word;
        }
    }

    /** The longest name in UTF-8 bytes. */
    public static final int MAX_NAME_BYTES = 512;

    /** Checks the lengths of the texts, and the factor. */
    public CollectiveCall {
        if (!Double.isFinite(postscale)) {
            throw new IllegalArgumentException(
                    "A postscale must be finite, not %s.".formatted(postscale));
        }
        if (parts.getBytes(StandardCharsets.UTF_8).length > Parts.MAX_DESCRIPTION_BYTES) {
            throw new IllegalArgumentException("bug: parts described by '%s'".formatted(parts));
        }
        if (name.isEmpty() || name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
            throw new IllegalArgumentException(
                    "The name of a collective must have 1 to %d bytes in UTF-8, not '%s'."
                            .formatted(MAX_NAME_BYTES, name));
        }
    }

    /** A call whose elements are not divided into parts, and whose result is not scaled. */
    public CollectiveCall(
            Kind kind,
            String name,
            DataType type,
            @Nullable ReduceOp op,
            boolean isPrescaled,
            int root,
            long elementCount,
            Memory memory) {
        this(kind, name, type, op, isPrescaled, 1, root, elementCount, memory, "");
    }

    /** The call in a few words, such as {@code all-reduce SUM of 'weight' FLOAT32[10]}. */
    public String describe() {
        if (kind == Kind.BARRIER) {
            return "barrier '" + name + "'";
        }
        return kind.word()
                + (isPrescaled ? " prescaled" : "")
                + (op == null ? "" : " " + op)
                + (postscale == 1 ? "" : " times " + postscale)
                + " of '"
                + name
                + "' "
                + type
                + (kind == Kind.ALL_TO_ALL ? "" : "[" + elementCount + "]")
                + (parts.isEmpty() ? "" : " in parts " + parts)
                + (memory == Memory.DEVICE ? " on a device" : "")
                + (root < 0 ? "" : " from root " + root);
    }
}
