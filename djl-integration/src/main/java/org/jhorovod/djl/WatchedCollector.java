package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.training.GradientCollector;
import java.util.function.Consumer;

/** A gradient collector of which the trainer learns when backward begins and has ended. */
final class WatchedCollector implements GradientCollector {
    private final GradientCollector collector;
    private final Consumer<Runnable> around;

    /**
     * Takes over a collector.
     *
     * @param around is given each backward pass, and runs it
     */
    WatchedCollector(GradientCollector collector, Consumer<Runnable> around) {
        this.collector = collector;
        this.around = around;
    }

    @Override
    public void backward(NDArray target) {
        around.accept(() -> collector.backward(target));
    }

    @Override
    public void zeroGradients() {
        collector.zeroGradients();
    }

    @Override
    public void close() {
        collector.close();
    }
}
