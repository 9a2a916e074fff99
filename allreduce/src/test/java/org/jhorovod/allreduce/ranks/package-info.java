/**
 * Ranks of tests that are processes of this machine: {@link org.jhorovod.allreduce.ranks.LocalJob}
 * is what they share, a {@link org.jhorovod.allreduce.ranks.RankGroup} stays for many cases.
 */
@NullMarked
package org.jhorovod.allreduce.ranks;

import org.jspecify.annotations.NullMarked;
