package org.jhorovod.allreduce.rendezvous;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;

/** A network between two ends that cuts bytes as it likes, and remembers them. */
final class Relay implements AutoCloseable {
    private static final int LONGEST_PIECE = 30_000;

    private final ServerSocket server;
    private final int target;
    private final long seed;
    private final ByteArrayOutputStream seen = new ByteArrayOutputStream();

    private Relay(int target, long seed) throws IOException {
        this.server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        this.target = target;
        this.seed = seed;
    }

    /** Waits for one connection, to pass it on to this port. */
    static Relay to(int port, long seed) throws IOException {
        Relay relay = new Relay(port, seed);
        start(relay::pass);
        return relay;
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "relay");
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return server.getLocalPort();
    }

    private void pass() {
        try {
            Socket near = server.accept();
            Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
            near.setTcpNoDelay(true);
            far.setTcpNoDelay(true);
            start(() -> pass(near, far));
            start(() -> pass(far, near));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void pass(Socket from, Socket to) {
        Random random = new Random(seed);
        byte[] piece = new byte[LONGEST_PIECE];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            int bytes = 0;
            while (bytes >= 0) {
                out.write(piece, 0, bytes);
                remember(piece, bytes);
                // Half of the pieces are shorter than a record's header.
                int most = random.nextBoolean() ? 4 : LONGEST_PIECE;
                bytes = in.read(piece, 0, 1 + random.nextInt(most));
            }
        } catch (IOException e) {
            return; // an end is gone
        }
    }

    private synchronized void remember(byte[] piece, int bytes) {
        seen.write(piece, 0, bytes);
    }

    /** Whether so many bytes of these, from any multiple of it, went by together. */
    synchronized boolean hasSeen(byte[] bytes, int count) {
        String all = seen.toString(java.nio.charset.StandardCharsets.ISO_8859_1);
        String wanted = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
        for (int start = 0; start + count <= 100 * count; start += count) {
            if (all.contains(wanted.substring(start, start + count))) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
