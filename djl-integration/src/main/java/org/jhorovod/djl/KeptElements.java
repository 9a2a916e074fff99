package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;

/**
 * What a checkpoint keeps beside a model and its optimizer: float32 elements by parameter, the same
 * on all ranks.
 *
 * @param elements views that may be written
 */
record KeptElements(Map<String, FloatBuffer> elements) {

    /** Of a training that has none. */
    static KeptElements none() {
        return new KeptElements(Map.of());
    }

    /** The parameters, in the order of the arrays in the file. */
    List<String> names() {
        return List.copyOf(elements.keySet());
    }

    void write(OutputStream out) throws IOException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            NDList arrays = new NDList();
            for (FloatBuffer each : elements.values()) {
                arrays.add(manager.create(each.duplicate(), new Shape(each.remaining())));
            }
            arrays.encode(out);
        }
    }

    /**
     * Takes over what has been written.
     *
     * @param names in the order of the arrays; those of other parameters are left
     */
    void read(List<String> names, InputStream in) throws IOException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            NDList arrays = NDList.decode(manager, in);
            for (int i = 0; i < names.size(); i++) {
                FloatBuffer target = elements.get(names.get(i));
                if (target != null) {
                    NDArray array = arrays.get(i);
                    target.duplicate().put(TensorMemory.bytes(array).asFloatBuffer());
                }
            }
        }
    }

    /** Takes over those of the same parameters. */
    void takeOver(KeptElements other) {
        other.elements.forEach(
                (name, source) -> {
                    FloatBuffer target = elements.get(name);
                    if (target != null && target.remaining() == source.remaining()) {
                        target.duplicate().put(source.duplicate());
                    }
                });
    }

    /** Gives all ranks those of rank 0. Blocks for the slowest rank. */
    void broadcast(Communicator communicator, String name) {
        for (FloatBuffer each : elements.values()) {
            HostTensor staging = HostTensor.allocate(DataType.FLOAT32, each.remaining());
            ByteBuffer bytes = staging.buffers().get(0);
            bytes.asFloatBuffer().put(each.duplicate());
            communicator.broadcast(name, staging, 0);
            each.duplicate().put(bytes.asFloatBuffer());
        }
    }
}
