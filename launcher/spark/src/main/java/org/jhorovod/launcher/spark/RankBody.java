package org.jhorovod.launcher.spark;

import java.io.Serializable;
import java.util.Iterator;

/**
 * What a rank does with the elements of its partition, once it has met the others.
 *
 * @param <I> the elements
 * @param <T> what it returns; serialised
 */
@FunctionalInterface
interface RankBody<I, T> extends Serializable {
    T call(RankContext rank, Iterator<I> partition) throws Exception;
}
