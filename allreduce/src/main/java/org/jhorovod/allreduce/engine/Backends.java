package org.jhorovod.allreduce.engine;

import java.time.Duration;
import org.jhorovod.allreduce.collective.CollectiveCall.Memory;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.allreduce.spi.Allocation;
import org.jhorovod.allreduce.spi.Backend;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.Operation;
import org.jspecify.annotations.Nullable;

/**
 * The backends of a job, each for the memory that it works on. Collectives are called by one thread
 * at a time.
 */
public final class Backends implements AutoCloseable {
    private final HostMemoryBackend host;
    private final @Nullable Backend<DeviceTensor> device; // null where no device memory is reduced
    private final String whyNoDevice;
    private final CountsComparison countsComparison;
    private final Adasum adasum;
    private final Postscaling postscaling = new Postscaling();
    private final @Nullable DeviceAgreement agreement; // null where all ranks are in this process

    private Backends(
            HostMemoryBackend host,
            @Nullable Backend<DeviceTensor> device,
            String whyNoDevice,
            @Nullable DeviceAgreement agreement) {
        this.host = host;
        this.countsComparison = new CountsComparison(host);
        this.adasum = new Adasum(host);
        this.device = device;
        this.whyNoDevice = whyNoDevice;
        this.agreement = agreement;
    }

    /**
     * For host memory alone.
     *
     * @param whyNoDevice for messages, a sentence
     */
    public static Backends ofHost(HostMemoryBackend host, String whyNoDevice) {
        return new Backends(host, null, whyNoDevice, null);
    }

    /** For host and device memory. */
    public static Backends of(HostMemoryBackend host, Backend<DeviceTensor> device) {
        return new Backends(host, device, "", null);
    }

    /** The same, which compare what the ranks have before the first collective on a device. */
    public Backends with(DeviceAgreement ranks) {
        return new Backends(host, device, whyNoDevice, ranks);
    }

    /** The names of both, for reports. */
    public String transportName() {
        return device == null
                ? host.transportName()
                : host.transportName() + ", " + device.transportName() + " for device tensors";
    }

    /** Whether device tensors can be reduced. */
    boolean hasDevice() {
        return device != null;
    }

    /** Refuses a tensor that no backend can work on, at the call. */
    void require(String name, Tensor tensor) {
        if (tensor instanceof HostTensor onHost) {
            onHost.requireOpen();
            return;
        }
        if (agreement != null) {
            agreement.require(name);
        }
        if (device == null) {
            throw new IllegalArgumentException(
                    "'%s' is %s, but no backend of this job works on device memory: %s Copy it to host memory, or see jhorovodrun --check-build."
                            .formatted(name, tensor, whyNoDevice));
        }
    }

    void allReduce(Operation operation, Tensor tensor, Reduction reduction) {
        if (tensor instanceof HostTensor onHost) {
            host.allReduce(operation, onHost, reduction.withoutPostscale());
            postscaling.apply(onHost, reduction.postscale());
        } else {
            deviceAfterComparison(operation)
                    .allReduce(operation, (DeviceTensor) tensor, reduction.scaledBefore());
        }
    }

    /** Reduces a tensor in host memory as a whole; see {@link Adasum#run}. */
    void adasum(Operation operation, HostTensor tensor, int rank, int size) {
        adasum.run(operation, tensor, rank, size);
    }

    /** Host memory that is good for collectives. */
    Allocation allocate(Operation operation, long byteCount) {
        return host.allocate(operation, byteCount);
    }

    void release(int number) {
        host.release(number);
    }

    void broadcast(Operation operation, Tensor tensor, int root) {
        if (tensor instanceof HostTensor onHost) {
            host.broadcast(operation, onHost, root);
        } else {
            deviceAfterComparison(operation).broadcast(operation, (DeviceTensor) tensor, root);
        }
    }

    void allGather(Operation operation, Tensor input, Tensor output) {
        if (input instanceof HostTensor onHost) {
            host.allGather(operation, onHost, (HostTensor) output);
        } else {
            deviceAfterComparison(operation)
                    .allGather(operation, (DeviceTensor) input, (DeviceTensor) output);
        }
    }

    void allGather(Operation operation, Tensor input, Tensor output, Parts parts) {
        if (input instanceof HostTensor onHost) {
            host.allGather(operation, onHost, (HostTensor) output, parts);
        } else {
            deviceAfterComparison(operation)
                    .allGather(operation, (DeviceTensor) input, (DeviceTensor) output, parts);
        }
    }

    void reduceScatter(
            Operation operation, Tensor input, Tensor output, Reduction reduction, Parts parts) {
        if (input instanceof HostTensor onHost) {
            HostTensor part = (HostTensor) output;
            host.reduceScatter(operation, onHost, part, reduction.withoutPostscale(), parts);
            postscaling.apply(part, reduction.postscale());
        } else {
            deviceAfterComparison(operation)
                    .reduceScatter(
                            operation,
                            (DeviceTensor) input,
                            (DeviceTensor) output,
                            reduction.scaledBefore(),
                            parts);
        }
    }

    void allToAll(Operation operation, Tensor input, Parts send, Tensor output, Parts receive) {
        ExchangeCounts counts = countsComparison.compare(operation, send, receive);
        if (input instanceof HostTensor onHost) {
            host.allToAll(operation, onHost, (HostTensor) output, counts);
        } else {
            deviceAfterComparison(operation)
                    .allToAll(operation, (DeviceTensor) input, (DeviceTensor) output, counts);
        }
    }

    void barrier(Operation operation) {
        host.barrier(operation);
    }

    /** A device's library hangs where calls differ, so they are compared before. */
    private Backend<DeviceTensor> deviceAfterComparison(Operation operation) {
        host.compareCalls(operation);
        if (device == null) {
            throw new IllegalStateException("bug: a device tensor without a backend for it");
        }
        return device;
    }

    /** How many collectives the device has yet to run. */
    int unfinished() {
        return device == null ? 0 : device.unfinished();
    }

    /** Whether collectives on such memory may run on the threads that call them. */
    boolean runOnCallers(Memory memory) {
        return memory == Memory.HOST && host.runsOnCallers();
    }

    /** How long the engine looks for the next collective before it sleeps. */
    Duration alertness() {
        return host.alertness();
    }

    void wakeup() {
        host.wakeup();
        if (device != null) {
            device.wakeup();
        }
    }

    @Override
    public void close() {
        try (host) {
            if (device != null) {
                device.close();
            }
        }
    }
}
