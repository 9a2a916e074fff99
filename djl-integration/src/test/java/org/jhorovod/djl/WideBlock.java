package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/** A layer of FLOAT64 in a model of FLOAT32. */
final class WideBlock extends AbstractBlock {
    private final Block layer;

    WideBlock(Block layer) {
        this.layer = addChildBlock("wide", layer);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            PairList<String, Object> parameters) {
        NDArray wide = inputs.singletonOrThrow().toType(DataType.FLOAT64, false);
        NDArray output =
                layer.forward(store, new NDList(wide), training, parameters).singletonOrThrow();
        return new NDList(output.toType(DataType.FLOAT32, false));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return layer.getOutputShapes(inputShapes);
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        layer.initialize(manager, DataType.FLOAT64, inputShapes);
    }
}
