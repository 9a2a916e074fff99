/** The command line of jhorovodrun. */
@NullMarked
package org.jhorovod.launcher.cli;

import org.jspecify.annotations.NullMarked;
