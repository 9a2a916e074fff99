/** What runs where: hosts, slots and the environment of each rank. Pure. */
@NullMarked
package org.jhorovod.launcher.plan;

import org.jspecify.annotations.NullMarked;
