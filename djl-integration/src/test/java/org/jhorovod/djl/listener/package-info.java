@NullMarked
package org.jhorovod.djl.listener;

import org.jspecify.annotations.NullMarked;
