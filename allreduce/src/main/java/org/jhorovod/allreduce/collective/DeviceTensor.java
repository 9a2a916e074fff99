package org.jhorovod.allreduce.collective;

/**
 * Elements in the memory of a CUDA device, contiguous.
 *
 * <p>The memory stays the caller's, and must be valid until all work that was submitted to the
 * stream before the collective's future completed has run. A collective on device memory completes
 * as soon as it is ordered: work that is submitted to the stream afterwards sees the result, the
 * host does not wait for it.
 *
 * @param type the type of each element
 * @param elementCount how many there are
 * @param device the device's number in this process
 * @param address of the first element; 0 only where there is none
 * @param stream the handle of the CUDA stream that writes the elements before and reads them after;
 *     0 is the default stream
 */
public record DeviceTensor(DataType type, long elementCount, int device, long address, long stream)
        implements Tensor {

    /** Checks the numbers. */
    public DeviceTensor {
        if (elementCount < 0 || device < 0 || (address == 0 && elementCount > 0)) {
            throw new IllegalArgumentException(
                    "No device tensor has %d elements at address %d of device %d."
                            .formatted(elementCount, address, device));
        }
    }

    @Override
    public String toString() {
        return type + "[" + elementCount + "] on device " + device;
    }
}
