@NullMarked
package org.jhorovod.launcher.spark;

import org.jspecify.annotations.NullMarked;
