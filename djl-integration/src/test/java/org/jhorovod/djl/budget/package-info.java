@NullMarked
package org.jhorovod.djl.budget;

import org.jspecify.annotations.NullMarked;
