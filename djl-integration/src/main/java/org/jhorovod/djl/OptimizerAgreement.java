package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.training.optimizer.Optimizer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jhorovod.allreduce.codec.Exchange;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.djl.checkpoint.Description;
import org.jhorovod.djl.local.Numbers;
import org.jhorovod.djl.local.Sites;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [What optimizers remember after local steps]
 * Each site's optimizer has momentum of its own, with which it would move the same parameters by the same
 * gradients elsewhere; inside a site all ranks have the same. Before all ranks step together, and where a
 * checkpoint may be written, the carriers average it, each weighed by the ranks of its site, and all ranks
 * take the counts of the first that has made a step; sites without a step so far have nothing to give. So what rank 0 saves is what all go on with, whether they stop there or not.
 */
/**
 * Gives all ranks the mean of what their optimizers remember. Owned by the training thread, when no
 * round is under way.
 */
final class OptimizerAgreement {
    private static final Logger logger = LoggerFactory.getLogger(OptimizerAgreement.class);
    private static final long MOST_ELEMENTS = 4 << 20; // that travel at a time, of several arrays

    private final Communicator job;
    private final Sites sites;
    private final Optional<Exchange> across;
    private final String name;
    private final Optimizer optimizer;
    private final List<NamedParameter> parameters;
    private boolean isToldImpossible;

    /**
     * Of one trainer.
     *
     * @param sites stay the caller's
     * @param owner the trainer's name on all ranks
     */
    OptimizerAgreement(
            Communicator job,
            Sites sites,
            String owner,
            Optimizer optimizer,
            List<NamedParameter> parameters) {
        this.job = job;
        this.sites = sites;
        this.name = owner + "/optimizer";
        this.across = sites.across().map(carriers -> sites.exchange(name));
        this.optimizer = optimizer;
        this.parameters = parameters;
    }

    /** Whether it is known where the optimizer keeps what it remembers. */
    boolean isPossible() {
        try {
            return new OptimizerState(optimizer, parameters)
                    .arrays().values().stream().allMatch(OptimizerAgreement::canBeAveraged);
        } catch (IllegalArgumentException | IllegalStateException e) {
            logger.debug("Sites cannot agree on what the optimizer remembers", e);
            return false;
        }
    }

    private static boolean canBeAveraged(NDArray array) {
        return array.getDataType() == ai.djl.ndarray.types.DataType.FLOAT32
                && TensorMemory.canOverwrite(array);
    }

    /** Averages, if that is possible on all ranks. Blocks until all of them have done so. */
    void run() {
        OptimizerState state = new OptimizerState(optimizer, parameters);
        Description.Optimizer own = state.describe();
        long[][] told =
                Numbers.gather(
                        job, name + "/steps", isPossible() ? 1 : 0, own.updates() > 0 ? 1 : 0);
        if (Stream.of(told).anyMatch(ofRank -> ofRank[0] == 0)) {
            tellImpossible();
            return;
        }
        int[] giving = IntStream.range(0, job.size()).filter(rank -> told[rank][1] != 0).toArray();
        if (giving.length == 0) {
            return;
        }
        String text = TextExchange.broadcast(job, name + "/counts", own.encode(), giving[0]);
        Description.Optimizer described = Description.Optimizer.decode(text);
        state.resume(described);
        double weight = own.updates() > 0 ? (double) sites.inside().size() / giving.length : 0;
        // A rank without a step so far has no arrays yet.
        List<NDArray> together = new ArrayList<>();
        long elements = 0;
        for (NDArray array : state.allocate(described)) {
            if (elements + array.size() > MOST_ELEMENTS) {
                average(together, weight);
                together.clear();
                elements = 0;
            }
            together.add(array);
            elements += array.size();
        }
        average(together, weight);
    }

    private void tellImpossible() {
        if (!isToldImpossible && job.rank() == 0) {
            logger.warn(
                    "What the optimizer {} remembers cannot be averaged between sites: a training"
                            + " that resumes goes on with rank 0's on all of them.",
                    optimizer.getClass().getName());
        }
        isToldImpossible = true;
    }

    private void average(List<NDArray> arrays, double weight) {
        long elements = arrays.stream().mapToLong(NDArray::size).sum();
        if (elements == 0) {
            return; // on all ranks
        }
        HostTensor staging = HostTensor.allocate(DataType.FLOAT32, elements);
        ByteBuffer bytes = staging.buffers().get(0).order(ByteOrder.nativeOrder());
        across.ifPresent(
                carriers -> {
                    ByteBuffer target = bytes.duplicate();
                    arrays.forEach(array -> target.put(TensorMemory.bytes(array)));
                    weigh(bytes.asFloatBuffer(), weight);
                    carriers.allReduce(bytes.duplicate().order(ByteOrder.nativeOrder()));
                });
        if (sites.inside().size() > 1) {
            sites.inside().broadcast(name, staging, 0);
        }
        int start = 0;
        for (NDArray array : arrays) {
            int byteCount = Math.toIntExact(array.size() * Float.BYTES);
            ByteBuffer mean = bytes.slice(start, byteCount);
            TensorMemory.overwrite(array, target -> target.put(mean));
            start += byteCount;
        }
    }

    private static void weigh(FloatBuffer elements, double weight) {
        for (int i = 0; i < elements.limit(); i++) {
            elements.put(i, (float) (elements.get(i) * weight));
        }
    }
}
