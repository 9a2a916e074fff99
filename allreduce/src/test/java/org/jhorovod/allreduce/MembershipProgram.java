package org.jhorovod.allreduce;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.TcpStore;

/**
 * A program that joins a job by itself: told by its arguments who it is, and by its standard input
 * what the secret is. Prints the sum over all ranks of their numbers from 1.
 */
final class MembershipProgram {
    private MembershipProgram() {}

    public static void main(String[] arguments) throws IOException {
        int rank = Integer.parseInt(arguments[0]);
        int size = Integer.parseInt(arguments[1]);
        InetAddress here = InetAddress.getLoopbackAddress();
        InetSocketAddress meeting = new InetSocketAddress(here, Integer.parseInt(arguments[2]));
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        Secret secret = Secret.of(in.readLine());
        Identity self = new Identity(Identity.Purpose.STORE, 0, rank);
        try (TcpStore store = TcpStore.connect(meeting, secret, self, Duration.ofSeconds(20))) {
            Topology topology = Topology.onOneHost(rank, size, "here");
            Communicator communicator =
                    JHorovod.init(new Membership(topology, 0, store, secret, here));
            HostTensor number = HostTensor.allocate(DataType.INT32, 1);
            number.buffers().get(0).putInt(0, rank + 1);
            communicator.allReduce("number", number, ReduceOp.SUM);
            System.out.println("sum " + number.buffers().get(0).getInt(0));
            JHorovod.shutdown();
        }
    }
}
