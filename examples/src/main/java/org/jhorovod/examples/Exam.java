package org.jhorovod.examples;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.dataset.RandomAccessDataset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/*
 * An evaluation stops the training, but not what is on its way between the sites: a way that sends
 * beside its steps would get that for nothing. So rank 0 keeps copies of its parameters, and looks
 * at several of them in one pause.
 */
/** Has models in training name the test images. Owned by the training thread of rank 0. */
final class Exam implements AutoCloseable {
    private final Model model;
    private final RandomAccessDataset test;
    private final double accuracy;
    private final List<Copy> copies = new ArrayList<>();
    private final List<CurvePoint> points = new ArrayList<>();

    /** Parameters at one moment, whose accuracy is not known yet. */
    private record Copy(NDManager manager, NDList parameters, CurvePoint moment) {}

    /**
     * Of one training.
     *
     * @param test lent
     * @param accuracy that is enough
     */
    Exam(PerfModel architecture, RandomAccessDataset test, double accuracy) {
        this.model = Model.newInstance("exam");
        this.test = test;
        this.accuracy = accuracy;
        Block block = architecture.create();
        block.initialize(model.getNDManager(), DataType.FLOAT32, architecture.images(1));
        model.setBlock(block);
    }

    /** Keeps a copy of a model that is in training. */
    void note(Block block, CurvePoint moment) {
        NDManager manager = model.getNDManager().newSubManager();
        NDList parameters = new NDList();
        for (Parameter parameter : block.getParameters().values()) {
            NDArray copy = parameter.getArray().duplicate();
            copy.attach(manager);
            parameters.add(copy);
        }
        copies.add(new Copy(manager, parameters, moment));
    }

    /** How many copies wait for their evaluation. */
    int pending() {
        return copies.size();
    }

    /** Evaluates all copies. */
    void evaluate() {
        for (Copy copy : copies) {
            try (NDManager manager = copy.manager()) {
                take(copy.parameters());
                CurvePoint at = copy.moment();
                points.add(
                        new CurvePoint(
                                at.steps(),
                                at.seconds(),
                                ImageAccuracy.of(model.getBlock(), test, manager),
                                at.sentBytes()));
            }
        }
        copies.clear();
    }

    private void take(NDList parameters) {
        int next = 0;
        for (Parameter own : model.getBlock().getParameters().values()) {
            parameters.get(next++).copyTo(own.getArray());
        }
    }

    /** What is known so far, in the order of time. */
    List<CurvePoint> points() {
        return List.copyOf(points);
    }

    /** The newest of it. */
    Optional<CurvePoint> last() {
        return points.isEmpty() ? Optional.empty() : Optional.of(points.get(points.size() - 1));
    }

    /** Whether one of the models has been good enough. */
    boolean isPassed() {
        return points.stream().anyMatch(point -> point.accuracy() >= accuracy);
    }

    @Override
    public void close() {
        copies.forEach(copy -> copy.manager().close());
        model.close();
    }
}
