package org.jhorovod.allreduce.engine;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ObjectCodec;
import org.jhorovod.allreduce.negotiation.Request;
import org.jhorovod.allreduce.negotiation.Step;

/*
 * Objects travel as rows of bytes, of which each rank has as many as it likes: those of a broadcast are the
 * root's alone. A mark comes before the bytes of each object, so that one without any is told from none.
 */
/** Objects of ranks as bytes, and back. */
final class GatheredObjects {
    private static final byte MARK = 1;

    private GatheredObjects() {}

    /**
     * An object's bytes.
     *
     * @param rank whose it is
     */
    record FromRank(int rank, byte[] bytes) {}

    /** An object as a tensor. */
    static <T> HostTensor encode(String name, T value, ObjectCodec<T> codec) {
        byte[] bytes = codec.encode(value);
        if (bytes.length > NamedCommunicator.MAX_OBJECT_BYTES) {
            throw new IllegalArgumentException(
                    "The object '%s' has %d bytes, but an object may have at most %d. Send what is large as tensors."
                            .formatted(name, bytes.length, NamedCommunicator.MAX_OBJECT_BYTES));
        }
        HostTensor tensor = HostTensor.allocate(DataType.UINT8, bytes.length + 1L);
        tensor.buffers().get(0).put(MARK).put(bytes);
        return tensor;
    }

    /** What stands for no object. */
    static HostTensor none() {
        return HostTensor.allocate(DataType.UINT8, 0);
    }

    /**
     * What a rank submits.
     *
     * @param root who has an object; -1 for all
     */
    static Request request(Kind kind, String name, HostTensor own, int root) {
        CollectiveCall call =
                new CollectiveCall(
                        kind,
                        name,
                        own.type(),
                        null,
                        false,
                        1,
                        root,
                        own.elementCount(),
                        CollectiveCall.Memory.HOST,
                        Request.BY_ROWS);
        return new Request(call, own.shape(), Request.Grouping.NONE);
    }

    /** The objects of all ranks that have one, in rank order. */
    static List<FromRank> gather(Communicator lane, Step.Entry entry, HostTensor own) {
        HostTensor all = Rows.gather(lane, entry, own);
        List<FromRank> objects = new ArrayList<>();
        long place = 0;
        for (int rank = 0; rank < lane.size(); rank++) {
            int byteCount = Math.toIntExact(entry.rows().get(rank));
            if (byteCount > 0) {
                objects.add(new FromRank(rank, read(all, place, byteCount)));
            }
            place += byteCount;
        }
        return objects;
    }

    /** The bytes after the mark. */
    private static byte[] read(HostTensor all, long place, int byteCount) {
        byte[] bytes = new byte[byteCount - 1];
        for (int done = 0; done < bytes.length; ) {
            ByteBuffer view = all.view(place + 1 + done, bytes.length - done);
            int count = view.remaining();
            view.get(bytes, done, count);
            done += count;
        }
        return bytes;
    }

    /** The object that a rank has sent. */
    static <T> T decode(String name, FromRank object, ObjectCodec<T> codec) {
        try {
            return codec.decode(object.bytes());
        } catch (RuntimeException | StackOverflowError | LinkageError e) {
            MismatchException malformed =
                    new MismatchException(
                            "The object '%s' from rank %d, of %d bytes, cannot be read: %s. Use the same codec, and the same version of the class, on all ranks."
                                    .formatted(name, object.rank(), object.bytes().length, e));
            malformed.initCause(e);
            throw malformed;
        }
    }
}
