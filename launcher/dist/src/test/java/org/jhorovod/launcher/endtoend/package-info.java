/** jhorovodrun as users run it: the distribution's own script, real processes. */
@NullMarked
package org.jhorovod.launcher.endtoend;

import org.jspecify.annotations.NullMarked;
