package org.jhorovod.nccl;

import com.google.common.io.BaseEncoding;
import java.util.Optional;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclUniqueId;

/**
 * What the ranks of a communicator must all know, with the version of NCCL that made it.
 *
 * @param hex the bytes
 */
record UniqueId(NcclVersion version, String hex) {

    /** A new one; for the rank that tells the others. */
    static UniqueId create(NcclVersion version) {
        ncclUniqueId id = new ncclUniqueId();
        NcclException.check(nccl.ncclGetUniqueId(id), "ncclGetUniqueId");
        byte[] bytes = new byte[nccl.NCCL_UNIQUE_ID_BYTES];
        id.internal().get(bytes);
        return new UniqueId(version, BaseEncoding.base16().encode(bytes));
    }

    /** As one line. */
    String encode() {
        return version.code() + " " + hex;
    }

    /** Reads a line of {@link #encode}; empty if it is none. */
    static Optional<UniqueId> decode(String line) {
        String[] parts = line.split(" ", 2);
        try {
            int bytes = BaseEncoding.base16().decode(parts[parts.length - 1]).length;
            if (parts.length == 2 && bytes == nccl.NCCL_UNIQUE_ID_BYTES) {
                return Optional.of(
                        new UniqueId(new NcclVersion(Integer.parseInt(parts[0])), parts[1]));
            }
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        return Optional.empty();
    }

    /** For the bindings. */
    ncclUniqueId toNative() {
        ncclUniqueId id = new ncclUniqueId();
        id.internal().put(BaseEncoding.base16().decode(hex));
        return id;
    }
}
