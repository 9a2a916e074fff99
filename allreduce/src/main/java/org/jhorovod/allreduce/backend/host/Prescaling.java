package org.jhorovod.allreduce.backend.host;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.spi.ReductionKernel;

/** Multiplies a rank's elements by its prescale, before they are reduced. For one thread. */
public final class Prescaling {
    private final ReductionKernel kernel;

    Prescaling(ReductionKernel kernel) {
        this.kernel = kernel;
    }

    /** By a kernel of its own. */
    public static Prescaling inJava() {
        return new Prescaling(new JavaReductionKernel());
    }

    /** Multiplies all elements in place, where the reduction has a factor. */
    public void apply(HostTensor tensor, Reduction reduction) {
        if (reduction.isPrescaled()) {
            double factor = reduction.prescale().getAsDouble();
            for (ByteBuffer buffer : tensor.buffers()) {
                kernel.scale(tensor.type(), buffer, factor);
            }
        }
    }
}
