/** Tests of the trainer; ranks are processes, because DJL has one gradient collector per JVM. */
@NullMarked
package org.jhorovod.djl;

import org.jspecify.annotations.NullMarked;
