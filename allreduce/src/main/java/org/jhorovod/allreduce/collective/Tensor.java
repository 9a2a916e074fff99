package org.jhorovod.allreduce.collective;

/** Elements of one type that a collective reads or replaces. */
public sealed interface Tensor permits HostTensor, DeviceTensor {

    /** The type of each element. */
    DataType type();

    /** How many elements there are; zero is allowed. */
    long elementCount();

    /** Its dimensions; one, of all elements, where it was given none. */
    default TensorShape shape() {
        return TensorShape.of(elementCount());
    }

    /** The size of all elements in bytes. */
    default long byteCount() {
        return Math.multiplyExact(elementCount(), (long) type().byteCount());
    }
}
