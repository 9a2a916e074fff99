package org.jhorovod.launcher.spark;

import java.io.Serializable;

/**
 * One row as a model sees it.
 *
 * @param features all of them, flat
 * @param label one number, or several where the label column holds arrays
 */
record Sample(float[] features, float[] label) implements Serializable {}
