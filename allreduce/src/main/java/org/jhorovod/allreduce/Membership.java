package org.jhorovod.allreduce;

import java.net.InetAddress;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.Store;

/**
 * What a process must know to take part in a job, given by a program that starts the ranks itself.
 *
 * @param topology where this rank stands
 * @param generation how often the job had been formed before, the same on all ranks; 0 at first
 * @param store where the ranks meet, shared by all; stays the caller's to close
 * @param secret what every connection has to prove, the same on all ranks; with a certificate, or
 *     where {@code JHOROVOD_TLS_FILE} names one, connections are encrypted too
 * @param address an address of this host that the other ranks can reach, unless it is behind NAT
 *     (then the store is a {@code TcpStore}) or {@code JHOROVOD_DIAL_OUT} is set
 */
public record Membership(
        Topology topology, int generation, Store store, Secret secret, InetAddress address) {}
