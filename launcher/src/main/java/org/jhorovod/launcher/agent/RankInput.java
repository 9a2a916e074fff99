package org.jhorovod.launcher.agent;

import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Writes standard input to rank 0 on a thread of its own, so that a rank that does not read holds
 * up nothing else. The launcher sends the next piece when the last was taken, so that at most one
 * piece and the end wait here.
 */
final class RankInput {
    private static final byte[] END = new byte[0];

    private final BlockingQueue<byte[]> pieces = new LinkedBlockingQueue<>();

    /** Takes a piece; does not block. */
    void add(byte[] piece) {
        if (piece.length > 0) {
            pieces.add(piece);
        }
    }

    /** Closes the rank's input after what was added. */
    void end() {
        pieces.add(END);
    }

    /** Starts to write. */
    void writeTo(OutputStream input, Runnable taken) {
        AgentThreads.start("agent-stdin", () -> write(input, taken));
    }

    private void write(OutputStream input, Runnable taken) {
        try (input) {
            for (byte[] piece = pieces.take(); piece != END; piece = pieces.take()) {
                input.write(piece);
                input.flush();
                taken.run();
            }
        } catch (IOException e) {
            // The rank closed its input or ended: no acknowledgement, so that no more is sent.
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
