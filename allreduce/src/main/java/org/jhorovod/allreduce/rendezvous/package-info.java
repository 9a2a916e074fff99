/**
 * How ranks find each other: a small shared store, and the handshake that every connection starts
 * with. Nothing from the network is interpreted before it has proved the job's secret.
 */
@NullMarked
package org.jhorovod.allreduce.rendezvous;

import org.jspecify.annotations.NullMarked;
