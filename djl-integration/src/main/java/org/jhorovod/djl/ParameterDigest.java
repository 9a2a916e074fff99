package org.jhorovod.djl;

import ai.djl.nn.Block;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** A short proof that two processes hold the same model. Stateless. */
public final class ParameterDigest {
    private ParameterDigest() {}

    /**
     * The SHA-256 of all parameters of a block in the block's order: name, type, shape and bytes of
     * each, running statistics included.
     *
     * @param block initialised
     * @return 64 hexadecimal digits
     */
    public static String sha256(Block block) {
        MessageDigest digest = newSha256();
        for (NamedParameter parameter : NamedParameter.of(block)) {
            update(digest, parameter);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The first 64 bits of the SHA-256 of one parameter. */
    static long of(NamedParameter parameter) {
        MessageDigest digest = newSha256();
        update(digest, parameter);
        return ByteBuffer.wrap(digest.digest()).getLong();
    }

    /** The SHA-256 of names, types and shapes, and of what is trained, without the elements. */
    static String ofDescriptions(List<NamedParameter> parameters) {
        MessageDigest digest = newSha256();
        for (NamedParameter parameter : parameters) {
            String line = "%s %s\n".formatted(parameter.describe(), parameter.isTrained());
            digest.update(line.getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void update(MessageDigest digest, NamedParameter parameter) {
        digest.update(parameter.describe().getBytes(StandardCharsets.UTF_8));
        digest.update(TensorMemory.bytes(parameter.array()));
    }

    static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("bug: every JDK has SHA-256", e);
        }
    }
}
