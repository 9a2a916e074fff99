package org.jhorovod.allreduce.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.CollectiveCall.Memory;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.junit.jupiter.params.provider.MethodSource;

/** The header of a collective, with its length. */
class CallHeaderFuzzTest {

    private static byte[] bytes(CallHeader header) {
        ByteBuffer encoded = header.encode();
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        return bytes;
    }

    private static CallHeader decode(byte[] bytes) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(bytes);
        int length = bytes.length < CallHeader.LENGTH_BYTES ? 0 : CallHeader.announcedLength(all);
        if (length == 0 || length > bytes.length - CallHeader.LENGTH_BYTES) {
            throw new IOException("the rest has not come");
        }
        return CallHeader.decode(all.slice(CallHeader.LENGTH_BYTES, length));
    }

    static Stream<byte[]> seeds() {
        return Stream.of(
                bytes(
                        new CallHeader(
                                1,
                                7,
                                new CollectiveCall(
                                        Kind.ALL_REDUCE,
                                        "ü",
                                        DataType.FLOAT16,
                                        ReduceOp.AVERAGE,
                                        true,
                                        -1,
                                        Long.MAX_VALUE,
                                        Memory.HOST))),
                bytes(
                        new CallHeader(
                                2,
                                3,
                                new CollectiveCall(
                                        Kind.REDUCE_SCATTER,
                                        "r",
                                        DataType.INT8,
                                        ReduceOp.SUM,
                                        false,
                                        -0.25,
                                        -1,
                                        1 << 20,
                                        Memory.HOST,
                                        Parts.even(1 << 20, 99).describe()))),
                bytes(
                        new CallHeader(
                                0,
                                0,
                                new CollectiveCall(
                                        Kind.BARRIER,
                                        "b",
                                        DataType.UINT8,
                                        null,
                                        false,
                                        0,
                                        0,
                                        Memory.DEVICE))));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void bytes_areRefused_orAHeaderThatComesBackAsItWas(byte[] bytes) throws IOException {
        CallHeader header;
        try {
            header = decode(bytes);
        } catch (IOException e) {
            return;
        }
        assertThat(decode(bytes(header))).isEqualTo(header);
        assertThat(header.call().describe()).isNotEmpty();
    }
}
