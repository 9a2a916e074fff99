package org.jhorovod.launcher.spark;

import java.io.Serializable;
import java.util.Map;

/**
 * What one rank of a training tells when it has ended.
 *
 * @param rank its number
 * @param host where it ran
 * @param samples rows in its share
 * @param evaluations figures of the last epoch, over all ranks, by name: {@code train_loss}, {@code
 *     train_Accuracy} and so on
 * @param parameterSha256 of all parameters, the same on all ranks
 */
public record RankReport(
        int rank, String host, long samples, Map<String, Float> evaluations, String parameterSha256)
        implements Serializable {}
