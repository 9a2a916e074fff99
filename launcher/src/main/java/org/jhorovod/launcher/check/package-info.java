/** What {@code --check-build} tells: what is there, and how to get what is not. */
@NullMarked
package org.jhorovod.launcher.check;

import org.jspecify.annotations.NullMarked;
