package org.jhorovod.nccl;

import org.bytedeco.javacpp.Pointer;

/** An address on a device, for the bindings; never to be read or written by the host. */
final class DevicePointer extends Pointer {

    DevicePointer(long address) {
        super((Pointer) null);
        this.address = address;
    }
}
