package org.jhorovod.launcher.spark;

import ai.djl.Model;
import ai.djl.nn.Block;
import java.io.IOException;
import org.apache.spark.api.java.function.Function0;

/** What a trained model is made from anew. */
record ModelSource(Function0<Block> block, byte[] parameters) {
    private static final String NAME = "spark";

    /** Makes the model, to be closed by the caller. */
    Model open() throws IOException {
        Model model = Model.newInstance(NAME);
        try {
            model.setBlock(block.call());
            ParameterFile.load(parameters, model);
            return model;
        } catch (IOException e) {
            model.close();
            throw e;
        } catch (Exception e) {
            model.close();
            throw new IllegalStateException("The function of setBlock failed: " + e, e);
        }
    }
}
