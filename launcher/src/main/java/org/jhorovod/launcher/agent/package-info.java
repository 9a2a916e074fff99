/**
 * One agent a host starts the ranks there, relays their output and ends them when its pipe closes.
 */
@NullMarked
package org.jhorovod.launcher.agent;

import org.jspecify.annotations.NullMarked;
