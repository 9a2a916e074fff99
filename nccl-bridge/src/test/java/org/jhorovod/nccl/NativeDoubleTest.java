package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The double keeps CUDA's rules, those that tests of order rely on. */
@NeedsDouble
class NativeDoubleTest {
    private static final int SLOW_MICROS = 200_000;
    private static final byte POISON = (byte) 0xFF;

    private static DoubleControl control;
    private DevicePointer device;
    private DevicePointer pinned;

    @BeforeAll
    static void loadTheDouble() throws NcclUnavailableException {
        NativeDouble built = NativeDouble.likeASystem();
        NcclLibraries.load(
                Configuration.of(Map.of(Settings.NCCL_LIBRARIES, built.folder().toString())));
        control = DoubleControl.in(built.folder().resolve("libcudart.so.12"));
    }

    @BeforeEach
    void allocate() {
        device = new DevicePointer(0);
        pinned = new DevicePointer(0);
        check(cudart.cudaMalloc(device, 4));
        check(cudart.cudaHostAlloc(pinned, 4, 0));
    }

    @AfterEach
    void free() {
        control.set("COPY_DELAY_MICROS", 0);
        check(cudart.cudaDeviceSynchronize());
        check(cudart.cudaFree(device));
        check(cudart.cudaFreeHost(pinned));
    }

    @Test
    void build_startsAnew_whereOneWasEnded(@TempDir Path module) throws Exception {
        Path sources = Path.of("src", "test", "native");
        Files.createDirectories(module.resolve(sources));
        try (Stream<Path> files = Files.list(sources)) {
            for (Path file : files.toList()) {
                Files.copy(file, module.resolve(file));
            }
        }
        Path folder = Files.createDirectories(NativeDouble.folder(module, "system"));
        Files.createFile(folder.resolve("libcuda.so.1"));

        assertThat(NativeDouble.likeASystem(module).driver()).isNotEmptyFile();
    }

    @Test
    void everyLibrary_saysWhatItIs() throws NcclUnavailableException {
        for (String name : new String[] {"libcuda.so.1", "libcudart.so.12", "libnccl.so.2"}) {
            String path = NativeDouble.likeASystem().folder().resolve(name).toString();
            assertThat(SharedLibrary.load(path).isDouble()).as(name).isTrue();
        }
    }

    @Test
    void deviceMemory_isPoison_untilItIsWritten() {
        assertThat(first()).isEqualTo(POISON);
    }

    @Test
    void freedMemory_isPoisonAtOnce_evenWhileACopyFromItWaits() {
        DevicePointer freed = new DevicePointer(0);
        check(cudart.cudaMalloc(freed, 4));
        check(cudart.cudaMemsetAsync(freed, 7, 4, null));
        check(cudart.cudaDeviceSynchronize());
        control.set("COPY_DELAY_MICROS", SLOW_MICROS);
        check(cudart.cudaMemcpyAsync(pinned, freed, 4, cudart.cudaMemcpyDeviceToHost, null));
        check(cudart.cudaFree(freed));
        check(cudart.cudaDeviceSynchronize());
        assertThat(pinnedByte()).isEqualTo(POISON);
    }

    @Test
    void copiesToPinnedMemory_runLater_andCopiesToPageableMemoryWait() {
        control.set("COPY_DELAY_MICROS", SLOW_MICROS);
        check(cudart.cudaMemsetAsync(device, 7, 4, null));
        check(cudart.cudaMemcpyAsync(pinned, device, 4, cudart.cudaMemcpyDeviceToHost, null));
        assertThat(pinnedByte()).as("not yet").isEqualTo(POISON);
        assertThat(first()).as("pageable").isEqualTo((byte) 7);
        assertThat(pinnedByte()).as("by then").isEqualTo((byte) 7);
    }

    @Test
    void defaultStream_waitsForBlockingStreams_andTheyForIt() {
        CUstream_st blocking = stream(0);
        control.set("COPY_DELAY_MICROS", SLOW_MICROS);
        check(cudart.cudaMemsetAsync(device, 7, 4, blocking));
        check(cudart.cudaMemcpyAsync(pinned, device, 4, cudart.cudaMemcpyDeviceToHost, null));
        check(cudart.cudaMemsetAsync(device, 8, 4, blocking));
        check(cudart.cudaStreamSynchronize(blocking));
        assertThat(pinnedByte()).isEqualTo((byte) 7);
        check(cudart.cudaStreamDestroy(blocking));
    }

    @Test
    void defaultStream_passesNonBlockingStreams_butForAnEvent() {
        CUstream_st own = stream(cudart.cudaStreamNonBlocking);
        CUevent_st done = new CUevent_st();
        check(cudart.cudaEventCreateWithFlags(done, cudart.cudaEventDisableTiming));
        control.set("COPY_DELAY_MICROS", SLOW_MICROS);
        check(cudart.cudaMemsetAsync(device, 7, 4, own));
        check(cudart.cudaEventRecord(done, own));
        assertThat(cudart.cudaStreamQuery(null)).isEqualTo(cudart.cudaSuccess);
        assertThat(cudart.cudaEventQuery(done)).isEqualTo(cudart.cudaErrorNotReady);
        check(cudart.cudaStreamWaitEvent(null, done, 0));
        assertThat(first()).isEqualTo((byte) 7);
        assertThat(cudart.cudaEventQuery(done)).isEqualTo(cudart.cudaSuccess);
        check(cudart.cudaEventDestroy(done));
        check(cudart.cudaStreamDestroy(own));
    }

    @Test
    void wrongCalls_areRefused() {
        assertThat(cudart.cudaSetDevice(99)).isEqualTo(101);
        assertThat(cudart.cudaFree(pinned)).isEqualTo(1);
        ByteBuffer host = ByteBuffer.allocateDirect(4);
        assertThat(cudart.cudaMemsetAsync(new Pointer(host), 0, 4, null)).isEqualTo(1);
        assertThat(cudart.cudaStreamDestroy(CudaStream.of(0x1234).handle())).isEqualTo(400);
        assertThat(cudart.cudaGetErrorString(400).getString()).isEqualTo("invalid resource handle");
    }

    private static CUstream_st stream(int flags) {
        CUstream_st stream = new CUstream_st();
        check(cudart.cudaStreamCreateWithFlags(stream, flags));
        return stream;
    }

    /** The first byte of the device memory, when the default stream has come to it. */
    private byte first() {
        ByteBuffer byteOnHost = ByteBuffer.allocateDirect(1);
        check(cudart.cudaMemcpy(new Pointer(byteOnHost), device, 1, cudart.cudaMemcpyDeviceToHost));
        return byteOnHost.get(0);
    }

    private byte pinnedByte() {
        return pinned.asByteBuffer().get(0);
    }

    private static void check(int result) {
        CudaException.check(result, "the test's call");
    }
}
