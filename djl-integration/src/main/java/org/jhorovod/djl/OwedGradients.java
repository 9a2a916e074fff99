package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/*
 * Note [What packed gradients owe]
 * A carrier's residual is the part of its site's gradients that no rank has moved by yet, and a
 * checkpoint may be written after any step: at the end of a pass nobody knew before that it was the
 * last one, so it cannot be made in full. Nor may residuals move the parameters by themselves: to the
 * optimizer that would be one more update, with its momentum and decay, that no samples stand for. So
 * before a checkpoint the carriers add up their residuals, in full, and all ranks owe the sum to their
 * next step, whether they make it now or after a resume, with whatever ranks, sites and codec. Until
 * then it is a part of the checkpoint.
 *
 * It is kept as gradients by parameter, since buckets and their weights may be others by then.
 */
/**
 * Gradients that packing has left behind at a checkpoint, the same on all ranks. Owned by the
 * training thread.
 */
final class OwedGradients {
    private final Supplier<Optional<KeptElements>> residuals;
    private KeptElements owed = KeptElements.none();

    /**
     * Owing nothing.
     *
     * @param residuals takes them from all carriers; empty if there is nothing new
     */
    OwedGradients(Supplier<Optional<KeptElements>> residuals) {
        this.residuals = residuals;
    }

    /**
     * Takes over what the carriers have not sent, if anything. Blocks until all ranks do so,
     * between the same two steps.
     */
    void settle() {
        // What was owed before has been paid by the step that has left these.
        residuals.get().ifPresent(taken -> owed = taken);
    }

    /** What is owed now. */
    KeptElements elements() {
        return owed;
    }

    /**
     * Owes zeros to these parameters, to be overwritten by what a checkpoint holds.
     *
     * @param names of those that it holds something of
     */
    KeptElements expect(List<String> names, List<NamedParameter> parameters) {
        Map<String, FloatBuffer> zeros = new LinkedHashMap<>();
        for (NamedParameter each : parameters) {
            if (names.contains(each.name())) {
                int count = Math.toIntExact(each.array().size());
                zeros.put(each.name(), FloatBuffer.allocate(count));
            }
        }
        owed = new KeptElements(zeros);
        return owed;
    }

    /** Adds to the gradients what is owed to them; then nothing is. */
    void pay(List<NamedParameter> parameters) {
        Map<String, FloatBuffer> due = owed.elements();
        owed = KeptElements.none();
        if (due.isEmpty()) {
            return;
        }
        for (NamedParameter each : parameters) {
            FloatBuffer more = due.get(each.name());
            if (more != null && each.isTrained()) {
                each.withAveraged(gradient -> add(more, gradient));
            }
        }
    }

    private static void add(FloatBuffer more, NDArray gradient) {
        try (NDArray array = gradient.getManager().create(more, gradient.getShape())) {
            gradient.addi(array);
        }
    }
}
