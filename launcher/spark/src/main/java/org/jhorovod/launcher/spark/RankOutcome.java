package org.jhorovod.launcher.spark;

import java.io.Serializable;

/**
 * What a rank hands to the driver.
 *
 * @param parameters of the trained model in DJL's format; empty on all ranks but the first
 */
record RankOutcome(RankReport report, byte[] parameters) implements Serializable {}
