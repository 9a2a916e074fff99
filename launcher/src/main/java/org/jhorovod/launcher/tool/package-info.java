/** Other programs: where they lie, and what they answer. */
@NullMarked
package org.jhorovod.launcher.tool;

import org.jspecify.annotations.NullMarked;
