/**
 * Trains DJL models with the tasks of a Spark job as ranks. The door is {@link
 * org.jhorovod.launcher.spark.SparkJHorovod}.
 */
@NullMarked
package org.jhorovod.launcher.spark;

import org.jspecify.annotations.NullMarked;
