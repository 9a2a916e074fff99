package org.jhorovod.allreduce.rendezvous;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Both ends prove that they know the job's secret, by HMAC-SHA256 over two fresh nonces, before
 * anything else is interpreted:
 *
 *   connecting end                              accepting end
 *   magic, version, nonce A        ──────▶
 *                                  ◀──────      magic, version, nonce B
 *   identity, HMAC("connect", A, B, identity) ▶
 *                                  ◀──────      HMAC("accept", A, B, identity)
 *
 * The connecting end proves first, so a stranger learns nothing. The two labels keep a proof from
 * being played back to its sender. The identity is read only after its proof, and names the listener
 * that is meant: another of the job, which an address may lead to where networks use the same ones,
 * does not answer. What this does not give: secrecy of what follows, and protection from somebody who
 * changes bytes on the way. Where the secret has a certificate with it, all of this happens inside
 * TLS, which gives both.
 */
/** The exchange that every connection starts with. */
final class Handshake {
    /** Raised whenever a message changes, so that two versions refuse each other in words. */
    static final short VERSION = 2;

    // In place of a version, from an end that speaks nothing but TLS.
    private static final short TLS_DEMANDED = -1;
    private static final byte[] TLS_BEGIN = {22, 3};

    private static final int MAGIC = 0x4a485644;
    private static final int NONCE_BYTES = 32;
    private static final int HELLO_BYTES = Integer.BYTES + Short.BYTES + NONCE_BYTES;
    private static final Logger logger = LoggerFactory.getLogger(Handshake.class);
    private static final SecureRandom RANDOM = new SecureRandom();

    private Handshake() {}

    /**
     * Proves the secret to the end that accepted, and makes it prove it too.
     *
     * @param hello when it must have said hello: until then, and no longer, this end may give up
     *     without leaving the other in the belief that they have met
     */
    static void connect(
            TimedChannel channel,
            Secret secret,
            Identity identity,
            Deadline hello,
            Deadline deadline)
            throws IOException {
        byte[] mine = hello();
        channel.writeFully(ByteBuffer.wrap(mine), hello);
        byte[] theirs = read(channel, HELLO_BYTES, hello);
        requireSameProtocol(theirs);
        byte[] who = identity.encode();
        byte[] proof = secret.proof("connect", mine, theirs, who);
        channel.writeFully(ByteBuffer.wrap(who), deadline);
        channel.writeFully(ByteBuffer.wrap(proof), deadline);
        byte[] answer = readAnswer(channel, deadline);
        if (!Secret.equal(answer, secret.proof("accept", mine, theirs, who))) {
            throw new HandshakeException("the other end does not know the job's secret");
        }
    }

    private static byte[] readAnswer(TimedChannel channel, Deadline deadline) throws IOException {
        try {
            return read(channel, Secret.PROOF_BYTES, deadline);
        } catch (EOFException | SocketException e) {
            throw new HandshakeException(
                    "the other end hung up after this end's proof: it has another secret, has just"
                            + " died, or is not the rank that was meant");
        }
    }

    /**
     * Makes the connecting end prove the secret, then proves it too.
     *
     * @param expected who is let in, of those who know the secret
     */
    static Identity accept(
            TimedChannel channel, Secret secret, Predicate<Identity> expected, Deadline deadline)
            throws IOException {
        byte[] theirs = read(channel, HELLO_BYTES, deadline);
        byte[] mine = hello();
        channel.writeFully(ByteBuffer.wrap(mine), deadline);
        requireSameProtocol(theirs);
        byte[] who = read(channel, Identity.BYTES, deadline);
        byte[] proof = read(channel, Secret.PROOF_BYTES, deadline);
        if (!Secret.equal(proof, secret.proof("connect", theirs, mine, who))) {
            throw new HandshakeException("it does not know the job's secret");
        }
        Identity identity = Identity.decode(who);
        if (!expected.test(identity)) {
            throw new HandshakeException(
                    "rank %d came for another rank, or in an earlier attempt at the job"
                            .formatted(identity.rank()));
        }
        byte[] answer = secret.proof("accept", theirs, mine, who);
        channel.writeFully(ByteBuffer.wrap(answer), deadline);
        return identity;
    }

    private static byte[] hello() {
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        return ByteBuffer.allocate(HELLO_BYTES).putInt(MAGIC).putShort(VERSION).put(nonce).array();
    }

    /** Tells an end that has begun in the clear what it lacks, as far as the socket takes it. */
    static void demandTls(SocketChannel socket) {
        ByteBuffer hello =
                ByteBuffer.allocate(HELLO_BYTES).putInt(MAGIC).putShort(TLS_DEMANDED).clear();
        try {
            socket.write(hello);
        } catch (IOException e) {
            logger.trace("it is gone already", e);
        }
    }

    private static void requireSameProtocol(byte[] hello) throws HandshakeException {
        ByteBuffer buffer = ByteBuffer.wrap(hello);
        if (hello[0] == TLS_BEGIN[0] && hello[1] == TLS_BEGIN[1]) {
            throw new HandshakeException(
                    "it uses TLS, but this end does not. " + NotTlsException.REMEDY);
        }
        if (buffer.getInt() != MAGIC) {
            throw new HandshakeException("it does not speak JHorovod's protocol");
        }
        short version = buffer.getShort();
        if (version == TLS_DEMANDED) {
            throw new HandshakeException(
                    "the other end uses TLS, but this end does not. " + NotTlsException.REMEDY);
        }
        if (version != VERSION) {
            throw new HandshakeException(
                    "it speaks protocol version %d, this end %d; all ranks and the launcher need the same JHorovod"
                            .formatted(version, VERSION));
        }
    }

    private static byte[] read(TimedChannel channel, int byteCount, Deadline deadline)
            throws IOException {
        byte[] bytes = new byte[byteCount];
        channel.readFully(ByteBuffer.wrap(bytes), deadline);
        return bytes;
    }
}
