package org.jhorovod.nccl;

import java.util.List;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.javacpp.Pointer;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.jspecify.annotations.Nullable;

/*
 * NCCL gathers and scatters equal parts. Unequal ones are a group of as many calls as there are ranks:
 * a broadcast from each, a reduction to each. An all-to-all is a group of sends and receives; one with
 * nothing to carry is not called on either side.
 */
/**
 * NCCL's collectives with a part for each rank, of two tensors in one stream. Each returns the
 * first result that is no success.
 *
 * @param self this rank
 * @param input stays as it is
 * @param output of the same type
 */
record NcclParts(Topology self, DeviceTensor input, DeviceTensor output) {

    /** Gathers the inputs of all ranks, each as long as its part. */
    int allGather(Parts parts, ncclComm communicator, @Nullable CUstream_st stream) {
        int type = NcclNumbers.of(input.type());
        if (parts.areEqual()) {
            return nccl.ncclAllGather(
                    from(0), to(0), parts.count(self.rank()), type, communicator, stream);
        }
        NcclGroup group = NcclGroup.begin();
        for (int root = 0; root < parts.size(); root++) {
            if (parts.count(root) > 0) {
                group.launched(
                        nccl.ncclBroadcast(
                                from(0),
                                to(parts.offset(root)),
                                parts.count(root),
                                type,
                                root,
                                communicator,
                                stream));
            }
        }
        return group.end();
    }

    /** Reduces the inputs, and gives each rank its part. */
    int reduceScatter(
            Reduction reduction, Parts parts, ncclComm communicator, @Nullable CUstream_st stream) {
        if (reduction.prescale().isEmpty()) {
            return reduceScatter(
                    NcclNumbers.of(reduction.op()), List.of(input), parts, communicator, stream);
        }
        PrescaledSum sum =
                PrescaledSum.of(
                        input.type(),
                        reduction.op(),
                        reduction.prescale().getAsDouble(),
                        self.size());
        return sum.launch(
                communicator,
                made -> {
                    List<DeviceTensor> pieces = sum.parts(input, self.size());
                    return reduceScatter(made, pieces, parts, communicator, stream);
                });
    }

    /**
     * Reduces by one of NCCL's operations.
     *
     * @param pieces of the input: one, or of a lone rank several
     */
    private int reduceScatter(
            int op,
            List<DeviceTensor> pieces,
            Parts parts,
            ncclComm communicator,
            @Nullable CUstream_st stream) {
        int type = NcclNumbers.of(input.type());
        NcclGroup group = NcclGroup.begin();
        if (parts.areEqual()) {
            long done = 0;
            for (DeviceTensor piece : pieces) {
                long count = piece.elementCount() / self.size();
                group.launched(
                        nccl.ncclReduceScatter(
                                from(done), to(done), count, type, op, communicator, stream));
                done += count;
            }
            return group.end();
        }
        for (int root = 0; root < parts.size(); root++) {
            if (parts.count(root) > 0) {
                group.launched(
                        nccl.ncclReduce(
                                from(parts.offset(root)),
                                to(0),
                                parts.count(root),
                                type,
                                op,
                                root,
                                communicator,
                                stream));
            }
        }
        return group.end();
    }

    /** Sends a part of the input to each rank. */
    int allToAll(ExchangeCounts counts, ncclComm communicator, @Nullable CUstream_st stream) {
        int type = NcclNumbers.of(input.type());
        NcclGroup group = NcclGroup.begin();
        long sent = 0;
        long received = 0;
        for (int other = 0; other < self.size(); other++) {
            long out = counts.sent(self.rank(), other);
            long in = counts.sent(other, self.rank());
            if (out > 0) {
                group.launched(nccl.ncclSend(from(sent), out, type, other, communicator, stream));
            }
            if (in > 0) {
                group.launched(nccl.ncclRecv(to(received), in, type, other, communicator, stream));
            }
            sent += out;
            received += in;
        }
        return group.end();
    }

    private Pointer from(long element) {
        return at(input, element);
    }

    private Pointer to(long element) {
        return at(output, element);
    }

    private static Pointer at(DeviceTensor tensor, long element) {
        return new DevicePointer(tensor.address() + element * tensor.type().byteCount());
    }
}
