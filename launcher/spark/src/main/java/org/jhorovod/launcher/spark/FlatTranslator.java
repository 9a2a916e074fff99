package org.jhorovod.launcher.spark;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;

/** From a row's numbers to a model's input, and from its output to numbers. */
record FlatTranslator(Shape input) implements Translator<float[], float[]> {
    @Override
    public NDList processInput(TranslatorContext context, float[] features) {
        return new NDList(context.getNDManager().create(features, input));
    }

    @Override
    public float[] processOutput(TranslatorContext context, NDList output) {
        return output.singletonOrThrow().toType(DataType.FLOAT32, false).toFloatArray();
    }
}
