package org.jhorovod.djl;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.djl.local.Numbers;

/** Texts that every rank gets from every rank. Each call blocks for the slowest rank. */
final class TextExchange {
    private TextExchange() {}

    /**
     * Gathers a text of each rank.
     *
     * @return in rank order
     */
    static List<String> gather(Communicator communicator, String name, String mine) {
        byte[] bytes = mine.getBytes(StandardCharsets.UTF_8);
        long[][] lengths = Numbers.gather(communicator, name + "/length", bytes.length);
        int longest = 0;
        for (long[] length : lengths) {
            longest = Math.max(longest, Math.toIntExact(length[0]));
        }
        int ints = longest / Integer.BYTES + 1; // so many hold the longest text, and at least one
        HostTensor input = HostTensor.allocate(DataType.INT32, ints);
        HostTensor output = HostTensor.allocate(DataType.INT32, (long) ints * communicator.size());
        input.buffers().get(0).put(bytes);
        communicator.allGather(name + "/text", input, output);
        ByteBuffer texts = output.buffers().get(0);
        List<String> all = new ArrayList<>();
        for (int rank = 0; rank < communicator.size(); rank++) {
            byte[] text = new byte[Math.toIntExact(lengths[rank][0])];
            texts.get(rank * ints * Integer.BYTES, text);
            all.add(new String(text, StandardCharsets.UTF_8));
        }
        return all;
    }

    /**
     * Gives all ranks a text of rank 0.
     *
     * @param mine what rank 0 has; ignored on the others
     */
    static String broadcast(Communicator communicator, String name, String mine) {
        return broadcast(communicator, name, mine, 0);
    }

    /**
     * Gives all ranks a text of one.
     *
     * @param mine what the root has; ignored on the others
     */
    static String broadcast(Communicator communicator, String name, String mine, int root) {
        byte[] bytes = mine.getBytes(StandardCharsets.UTF_8);
        HostTensor length = HostTensor.allocate(DataType.INT64, 1);
        length.buffers().get(0).putLong(0, bytes.length);
        communicator.broadcast(name + "/length", length, root);
        int byteCount = Math.toIntExact(length.buffers().get(0).getLong(0));
        HostTensor text = HostTensor.allocate(DataType.INT32, (long) byteCount / Integer.BYTES + 1);
        ByteBuffer content = text.buffers().get(0);
        if (communicator.rank() == root) {
            content.put(0, bytes);
        }
        communicator.broadcast(name + "/text", text, root);
        byte[] received = new byte[byteCount];
        content.get(0, received);
        return new String(received, StandardCharsets.UTF_8);
    }
}
