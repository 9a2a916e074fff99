package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclConfig_t;
import org.bytedeco.cuda.nccl.ncclUniqueId;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the bridge takes for granted in the bindings; an upgrade that breaks it fails here. */
@NeedsDouble
class NcclContractTest {

    @BeforeAll
    static void loadTheDouble() throws NcclUnavailableException {
        String folder = NativeDouble.likeASystem().folder().toString();
        NcclLibraries libraries =
                NcclLibraries.load(Configuration.of(Map.of(Settings.NCCL_LIBRARIES, folder)));
        assertThat(libraries.describe()).isEqualTo("nccl 2.21.5 (test double, no GPU)");
        assertThat(libraries.has("ncclCommShrink")).isFalse();
    }

    static Stream<String> neededFunctions() {
        return NcclLibraries.NEEDED_FUNCTIONS.stream();
    }

    @ParameterizedTest
    @MethodSource("neededFunctions")
    void bindings_haveEachFunctionThatTheBridgeNeeds(String function) {
        assertThat(Arrays.stream(nccl.class.getMethods()).map(Method::getName)).contains(function);
    }

    @Test
    void bindings_haveFunctionsThatAnOlderNcclLacks_soTheSymbolDecides() {
        assertThat(Arrays.stream(nccl.class.getMethods()).map(Method::getName))
                .contains("ncclCommShrink");
    }

    @Test
    void bindings_keepTheirNativeHalvesWhereTheBridgeLooksForThem() {
        for (String half : List.of("libjnicudart.so", "libjninccl.so")) {
            String resource = "/org/bytedeco/cuda/" + Loader.getPlatform() + "/" + half;
            assertThat(getClass().getResource(resource)).as(resource).isNotNull();
        }
    }

    @Test
    void resultsOfNccl_haveTheirNumbers() {
        assertThat(
                        List.of(
                                nccl.ncclSuccess,
                                nccl.ncclUnhandledCudaError,
                                nccl.ncclSystemError,
                                nccl.ncclInternalError,
                                nccl.ncclInvalidArgument,
                                nccl.ncclInvalidUsage,
                                nccl.ncclRemoteError,
                                nccl.ncclInProgress))
                .containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
    }

    @ParameterizedTest
    @EnumSource
    void typesOfNccl_haveTheirNumbers(DataType type) {
        int expected =
                switch (type) {
                    case INT8 -> 0;
                    case UINT8, BOOL -> 1;
                    case INT32 -> 2;
                    case INT64 -> 4;
                    case FLOAT16 -> 6;
                    case FLOAT32 -> 7;
                    case FLOAT64 -> 8;
                    case BFLOAT16 -> 9;
                };
        assertThat(NcclNumbers.of(type)).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "ADASUM")
    void reductionsOfNccl_haveTheirNumbers(ReduceOp op) {
        int expected =
                switch (op) {
                    case SUM -> 0;
                    case PRODUCT -> 1;
                    case ADASUM -> -1;
                    case MAX -> 2;
                    case MIN -> 3;
                    case AVERAGE -> 4;
                };
        assertThat(NcclNumbers.of(op)).isEqualTo(expected);
    }

    @Test
    void constantsOfCuda_haveTheirNumbers() {
        assertThat(
                        List.of(
                                cudart.cudaSuccess,
                                cudart.cudaErrorNotReady,
                                cudart.cudaStreamNonBlocking,
                                cudart.cudaEventDisableTiming,
                                cudart.cudaMemcpyHostToDevice,
                                cudart.cudaMemcpyDeviceToHost))
                .containsExactly(0, 600, 1, 2, 1, 2);
    }

    @Test
    void uniqueId_is128Bytes_andKeepsThemAsText() {
        assertThat(nccl.NCCL_UNIQUE_ID_BYTES).isEqualTo(128);
        assertThat(new ncclUniqueId().sizeof()).isEqualTo(128);
        UniqueId id = UniqueId.create(new NcclVersion(22105));
        assertThat(UniqueId.decode(id.encode())).contains(id);
        byte[] bytes = new byte[128];
        id.toNative().internal().get(bytes);
        assertThat(UniqueId.decode(id.encode()).orElseThrow().hex()).hasSize(256);
        assertThat(bytes).startsWith('/', 'j');
        for (String wrong : List.of("", "22105", "22105 zz", "22105 00", "x " + id.hex())) {
            assertThat(UniqueId.decode(wrong)).as(wrong).isEmpty();
        }
    }

    /** The structure by its bytes: a field that moved would silently set another. */
    @Test
    void communicatorConfig_hasTheLayoutOfNccl() {
        assertThat(new ncclConfig_t().sizeof()).isEqualTo(72);
        ncclConfig_t config = CommunicatorConfig.nonBlocking(new NcclVersion(22105));
        BytePointer bytes = new BytePointer((Pointer) config).capacity(72);
        assertThat(bytes.getLong(0)).as("size, of 2.21's structure").isEqualTo(48);
        assertThat(bytes.getInt(8)).as("magic").isEqualTo(0xcafebeef);
        assertThat(bytes.getInt(12)).as("version").isEqualTo(22105);
        assertThat(bytes.getInt(16)).as("blocking").isZero();
        for (int offset : new int[] {20, 24, 28, 40, 44, 56, 60, 64, 68}) {
            assertThat(bytes.getInt(offset))
                    .as("integer at %d", offset)
                    .isEqualTo(Integer.MIN_VALUE);
        }
        assertThat(bytes.getLong(32)).as("netName").isZero();
        assertThat(bytes.getLong(48)).as("commName").isZero();
    }

    @Test
    void communicatorConfig_isWhole_forAnNcclThatKnowsAllFields() {
        assertThat(CommunicatorConfig.nonBlocking(new NcclVersion(22703)).size()).isEqualTo(72);
    }

    @Test
    void handles_carryTheirAddress() {
        assertThat(new DevicePointer(0x1234_5678_9abcL).address()).isEqualTo(0x1234_5678_9abcL);
        assertThat(CudaStream.of(0).handle()).isNull();
        CUstream_st handle = CudaStream.of(0x1234).handle();
        assertThat(Objects.requireNonNull(handle).address()).isEqualTo(0x1234);
    }

    @Test
    void djlsEngine_isReachedByItsName() throws ReflectiveOperationException {
        assertThat(Class.forName(DjlEngine.CLASS).getMethod(DjlEngine.METHOD).getReturnType())
                .hasToString("class " + DjlEngine.CLASS);
    }
}
