/** What the ranks print, as prefixed lines on the console. */
@NullMarked
package org.jhorovod.launcher.output;

import org.jspecify.annotations.NullMarked;
