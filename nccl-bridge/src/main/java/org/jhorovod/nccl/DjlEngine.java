package org.jhorovod.nccl;

import java.lang.reflect.InvocationTargetException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * DJL's engine, if the program has one. It has to load its libraries first: its CUDA runtime and
 * its NCCL then serve the bridge as well. By reflection, because the bridge also works without DJL.
 */
final class DjlEngine {
    private static final Logger logger = LoggerFactory.getLogger(DjlEngine.class);
    static final String CLASS = "ai.djl.engine.Engine";
    static final String METHOD = "getInstance";

    private DjlEngine() {}

    /** Lets DJL load its engine's libraries. */
    static void loadIfThere() {
        try {
            Class.forName(CLASS).getMethod(METHOD).invoke(null);
        } catch (ClassNotFoundException e) {
            logger.trace("no DJL on the class path", e);
        } catch (NoSuchMethodException | IllegalAccessException | LinkageError e) {
            logger.warn("DJL's engine cannot be reached: {}. NCCL is searched elsewhere.", e, e);
        } catch (InvocationTargetException e) {
            logger.debug("DJL has no engine here", e);
        }
    }
}
