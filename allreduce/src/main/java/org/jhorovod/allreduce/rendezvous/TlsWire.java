package org.jhorovod.allreduce.rendezvous;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;

/*
 *   write ─▶ seal ─▶ outgoing ─▶ socket ─▶ incoming ─▶ open ─▶ read
 *
 * A record is up to 16 KiB of plain bytes and some 22 more. As many are sealed at once as have room
 * in outgoing, for one write to the socket.
 *
 * Note [Bytes are owed until the kernel has them]
 * Who writes to a socket may go away once it has taken the bytes. So write says that it has taken
 * any only when the socket has taken all their records; until then it takes none, and its caller
 * comes again with the same bytes, as with any socket that is full.
 *
 * Note [Who only reads says nothing]
 * After very many bytes a writer takes new keys, and its reader has to do so too, but not before it
 * writes itself [1]. So the reader of a ring's link never answers: an answer that nobody reads
 * would turn the writer's orderly end into a reset.
 *
 * [1] RFC 8446, 4.6.3.
 *
 * Sealed bytes lie in arrays: in direct memory the JDK's AES-GCM is slower by a fifth, as it copies
 * small pieces.
 */
/** TLS 1.3 over a socket. */
public final class TlsWire implements Wire {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    private static final int HEADER_BYTES = 5;
    private static final int LENGTH_OFFSET = 3;
    private static final byte ALERT = 21;
    private static final byte HANDSHAKE = 22;

    // A segment of a ring's exchange goes out in one write.
    private static final int RECORDS_OF_STREAM = 8;

    /** What a handshake waits for. */
    enum Need {
        NOTHING,
        TO_READ,
        TO_WRITE
    }

    private final SocketChannel socket;
    private final SSLEngine engine;
    private final int recordBytes;
    private ByteBuffer incoming; // from the socket, still sealed
    private ByteBuffer outgoing; // for the socket, sealed
    private final ByteBuffer opened; // plain bytes for which a reader had no room
    private int owedBytes; // plain bytes whose records are in outgoing
    private boolean hasHeard; // any byte
    private boolean isInputOver;

    /**
     * Takes over a connected socket, non-blocking.
     *
     * @param engine of this connection alone, which has not begun
     */
    TlsWire(SocketChannel socket, SSLEngine engine) throws SSLException {
        this.socket = socket;
        this.engine = engine;
        this.recordBytes = engine.getSession().getPacketBufferSize();
        this.incoming = ByteBuffer.allocate(recordBytes).limit(0);
        this.outgoing = ByteBuffer.allocate(recordBytes).limit(0);
        this.opened = ByteBuffer.allocate(recordBytes).limit(0);
        engine.beginHandshake();
    }

    /**
     * Goes on with the handshake as far as the socket allows.
     *
     * @throws NotTlsException if the other end does not begin one
     */
    Need shakeHands() throws IOException {
        try {
            return goOn();
        } catch (SSLException e) {
            tellWhy(e);
            throw e;
        }
    }

    private Need goOn() throws IOException {
        while (true) {
            if (!flush()) {
                return Need.TO_WRITE;
            }
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> runTasks();
                case NEED_WRAP -> seal(NOTHING);
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    if (!openQuietly() && !hear()) {
                        return Need.TO_READ;
                    }
                }
                default -> {
                    requireOpen();
                    return Need.NOTHING;
                }
            }
        }
    }

    private void requireOpen() throws EOFException {
        if (isInputOver || engine.isOutboundDone()) {
            throw new EOFException("the other end closed the connection");
        }
    }

    /** Opens one record of the protocol itself; whether it was there whole. */
    private boolean openQuietly() throws IOException {
        boolean hasOpened = open(opened.clear());
        boolean isEmpty = opened.position() == 0;
        opened.limit(0);
        if (!isEmpty) {
            throw new IOException("bytes came where none were expected");
        }
        return hasOpened;
    }

    /** Reads from the socket; whether anything came. */
    private boolean hear() throws IOException {
        int bytes = fill();
        if (bytes < 0) {
            throw new EOFException("the other end closed the connection");
        }
        if (bytes > 0 && !hasHeard) {
            hasHeard = true;
            byte kind = incoming.get(incoming.position());
            if (kind != HANDSHAKE && kind != ALERT) {
                throw new NotTlsException(engine.getUseClientMode());
            }
        }
        return bytes > 0;
    }

    /** Makes room for many records at once, for who sends or receives long streams. */
    public void widen() {
        incoming = moved(incoming);
        outgoing = moved(outgoing);
    }

    private ByteBuffer moved(ByteBuffer from) {
        return ByteBuffer.allocate(RECORDS_OF_STREAM * recordBytes).put(from).flip();
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        if (flush() && owedBytes == 0 && source.hasRemaining()) {
            int start = source.position();
            seal(source);
            owedBytes = source.position() - start;
            source.position(start);
            flush();
        }
        if (outgoing.hasRemaining()) {
            return 0;
        }
        int taken = owedBytes;
        owedBytes = 0;
        source.position(source.position() + taken);
        return taken;
    }

    /** Fills {@link #outgoing}, which is empty, with records of the next bytes. */
    private void seal(ByteBuffer source) throws IOException {
        outgoing.clear();
        SSLEngineResult result;
        try {
            do {
                result = engine.wrap(source, outgoing);
                if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                    runTasks();
                }
            } while (result.bytesProduced() > 0
                    && outgoing.remaining() >= recordBytes
                    && (source.hasRemaining()
                            || engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP));
        } finally {
            outgoing.flip();
        }
        if (result.getStatus() == Status.CLOSED && source.hasRemaining()) {
            throw new IOException("the connection is closed for writing");
        }
    }

    /** Writes what is sealed; whether all is written. */
    private boolean flush() throws IOException {
        if (outgoing.hasRemaining()) {
            socket.write(outgoing);
        }
        return !outgoing.hasRemaining();
    }

    /** Reads what is there, until the buffer is full or the socket has no more. */
    @Override
    public int read(ByteBuffer target) throws IOException {
        int start = target.position();
        take(target);
        try {
            while (target.hasRemaining() && !isInputOver) {
                if (!open(target) && fill() <= 0) {
                    break;
                }
            }
        } catch (SSLException e) {
            tellWhy(e);
            throw e;
        }
        int bytes = target.position() - start;
        return bytes == 0 && isInputOver && target.hasRemaining() ? -1 : bytes;
    }

    private void take(ByteBuffer target) {
        int bytes = Math.min(opened.remaining(), target.remaining());
        target.put(target.position(), opened, opened.position(), bytes);
        target.position(target.position() + bytes);
        opened.position(opened.position() + bytes);
    }

    /** Opens one record; whether it was there whole. */
    private boolean open(ByteBuffer target) throws IOException {
        if (!incoming.hasRemaining()) {
            return false;
        }
        SSLEngineResult result = engine.unwrap(incoming, target);
        if (result.getStatus() == Status.BUFFER_OVERFLOW) {
            result = engine.unwrap(incoming, opened.clear());
            opened.flip();
            take(target);
        }
        if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
            runTasks();
        }
        isInputOver |= result.getStatus() == Status.CLOSED;
        return result.bytesConsumed() > 0;
    }

    /** Sends the alert by which the other end learns what is wrong with it. */
    private void tellWhy(SSLException fault) {
        try {
            if (flush()) {
                seal(NOTHING);
                flush();
            }
        } catch (IOException e) {
            fault.addSuppressed(e);
        }
    }

    /** Reads sealed bytes; -1 at the end, which need not be a proper one: who dies says nothing. */
    private int fill() throws IOException {
        incoming.compact();
        try {
            int bytes = socket.read(incoming);
            isInputOver |= bytes < 0;
            return bytes;
        } finally {
            incoming.flip();
        }
    }

    /** Whether {@link #read} has something without the socket. */
    public boolean hasReadable() {
        return opened.hasRemaining() || isWhole();
    }

    /** Throws if bytes came, or are owed, that a reader of the bare socket would miss. */
    void requireNothingLeft() throws IOException {
        if (opened.hasRemaining() || incoming.hasRemaining() || outgoing.hasRemaining()) {
            throw new IOException("encrypted bytes were left where the encryption ends");
        }
    }

    private boolean isWhole() {
        return incoming.remaining() >= HEADER_BYTES
                && incoming.remaining()
                        >= HEADER_BYTES
                                + (incoming.getShort(incoming.position() + LENGTH_OFFSET) & 0xffff);
    }

    private void runTasks() {
        for (Runnable task = engine.getDelegatedTask();
                task != null;
                task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    @Override
    public SocketChannel socket() {
        return socket;
    }

    @Override
    public void shutdownOutput() throws IOException {
        engine.closeOutbound();
        if (flush()) {
            seal(NOTHING);
            flush();
        }
        socket.shutdownOutput();
    }
}
