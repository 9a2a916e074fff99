package org.jhorovod.allreduce.rendezvous;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/*
 * A request is   length:int  kind:byte  key:bytes  number:long  value:bytes  expected:bytes
 * A response is  length:int  status:byte  number:long  value:bytes
 * where bytes are a length:int, -1 for none, and that many bytes. Lengths are checked against what
 * arrived before anything is allocated.
 */
/** The messages between {@link TcpStore} and {@link StoreServer}. */
final class StoreProtocol {
    static final int MAX_MESSAGE_BYTES =
            MemoryStore.MAX_KEY_BYTES + 2 * MemoryStore.MAX_VALUE_BYTES + 64;

    enum Kind {
        SET,
        GET,
        ADD,
        COMPARE_AND_SET,
        AWAIT,
        GOODBYE,
        /** From which address the connection comes. */
        SEEN
    }

    enum Status {
        DONE,
        ABSENT,
        REFUSED
    }

    record Request(
            Kind kind,
            String key,
            long number,
            byte @Nullable [] value,
            byte @Nullable [] expected) {

        ByteBuffer encode() {
            byte[] keyBytes = key.getBytes(StandardCharsets.UTF_8);
            ByteBuffer body =
                    ByteBuffer.allocate(
                            1 + 8 + 3 * 4 + keyBytes.length + length(value) + length(expected));
            body.put((byte) kind.ordinal());
            putBytes(body, keyBytes);
            body.putLong(number);
            putBytes(body, value);
            putBytes(body, expected);
            return body.flip();
        }

        static Request decode(ByteBuffer body) throws IOException {
            try {
                Kind kind = Kind.values()[body.get()];
                byte[] key = takeBytes(body);
                Request request =
                        new Request(
                                kind,
                                new String(key == null ? new byte[0] : key, StandardCharsets.UTF_8),
                                body.getLong(),
                                takeBytes(body),
                                takeBytes(body));
                requireEnd(body);
                return request;
            } catch (RuntimeException e) {
                throw new IOException("A malformed request to the store.", e);
            }
        }
    }

    record Response(Status status, long number, byte @Nullable [] value) {

        ByteBuffer encode() {
            ByteBuffer body = ByteBuffer.allocate(1 + 8 + 4 + length(value));
            body.put((byte) status.ordinal()).putLong(number);
            putBytes(body, value);
            return body.flip();
        }

        static Response decode(ByteBuffer body) throws IOException {
            try {
                Status status = Status.values()[body.get()];
                Response response = new Response(status, body.getLong(), takeBytes(body));
                requireEnd(body);
                return response;
            } catch (RuntimeException e) {
                throw new IOException("A malformed answer of the store.", e);
            }
        }
    }

    private StoreProtocol() {}

    private static int length(byte @Nullable [] bytes) {
        return bytes == null ? 0 : bytes.length;
    }

    private static void putBytes(ByteBuffer body, byte @Nullable [] bytes) {
        body.putInt(bytes == null ? -1 : bytes.length);
        if (bytes != null) {
            body.put(bytes);
        }
    }

    private static byte @Nullable [] takeBytes(ByteBuffer body) {
        int length = body.getInt();
        if (length == -1) {
            return null;
        }
        if (length < 0 || length > body.remaining()) {
            throw new IllegalArgumentException("longer than the message");
        }
        byte[] bytes = new byte[length];
        body.get(bytes);
        return bytes;
    }

    private static void requireEnd(ByteBuffer body) {
        if (body.hasRemaining()) {
            throw new IllegalArgumentException("shorter than the message");
        }
    }

    static void write(TimedChannel channel, ByteBuffer body, Deadline deadline) throws IOException {
        ByteBuffer message = ByteBuffer.allocate(4 + body.remaining());
        message.putInt(body.remaining()).put(body).flip();
        channel.writeFully(message, deadline);
    }

    static ByteBuffer read(TimedChannel channel, Deadline deadline) throws IOException {
        ByteBuffer length = ByteBuffer.allocate(4);
        channel.readFully(length, deadline);
        int bytes = length.flip().getInt();
        if (bytes < 1 || bytes > MAX_MESSAGE_BYTES) {
            throw new IOException("A store message of %d bytes.".formatted(bytes));
        }
        ByteBuffer body = ByteBuffer.allocate(bytes);
        channel.readFully(body, deadline);
        return body.flip();
    }
}
