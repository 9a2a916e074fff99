/**
 * Fills DJL's cache of native libraries once per host, before several ranks would do so at once.
 */
@NullMarked
package org.jhorovod.launcher.warmup;

import org.jspecify.annotations.NullMarked;
