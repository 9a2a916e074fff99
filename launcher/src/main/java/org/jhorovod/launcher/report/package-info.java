/** The page about a run: what limited it, where its time went, and how it ended. */
@NullMarked
package org.jhorovod.launcher.report;

import org.jspecify.annotations.NullMarked;
