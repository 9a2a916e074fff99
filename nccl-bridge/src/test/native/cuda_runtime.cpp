// Test double, holds no GPU: the functions of libcudart.so.12 that the bridge and its tests call.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "current_device.h"
#include "device_memory.h"
#include "stream.h"
#include "switches.h"

namespace {

// The values of cudaError_t that occur here.
enum Error {
    kSuccess = 0,
    kInvalidValue = 1,
    kOutOfMemory = 2,
    kNoDevice = 100,
    kInvalidDevice = 101,
    kInvalidHandle = 400,
    kNotReady = 600,
};

constexpr unsigned kStreamNonBlocking = 1;
constexpr int kHostToDevice = 1;
constexpr int kDeviceToDevice = 3;
constexpr int kDefaultDirection = 4;
constexpr int kVersion = 12040;

thread_local int chosen_device = 0;
thread_local int last_error = kSuccess;

int remember(int error) {
    if (error != kSuccess && error != kNotReady) last_error = error;
    return error;
}

int device_count() { return static_cast<int>(jhorovod_double_switch("NCCL_DOUBLE_DEVICES", 1)); }

void host_waits() { jhorovod_double_add("host waits", 1); }

// Adds work to the stream of a handle.
int enqueue(void* handle, Work work) {
    std::shared_ptr<Stream> stream = find_stream(handle, chosen_device);
    if (!stream) return remember(kInvalidHandle);
    add_in_order(stream, std::move(work));
    return kSuccess;
}

int wait_for(void* handle) {
    std::shared_ptr<Stream> stream = find_stream(handle, chosen_device);
    if (!stream) return remember(kInvalidHandle);
    // A marker, because the default stream's order includes other streams.
    stream->await(add_in_order(stream, [] {}));
    return kSuccess;
}

bool is_pageable(const void* address) {
    return allocation_of(address).kind == MemoryKind::kPageable;
}

// Pinned and device memory is read when the copy runs; pageable memory before the call returns.
int copy(void* to, const void* from, size_t bytes, void* stream) {
    if (is_pageable(from)) {
        const char* source = static_cast<const char*>(from);
        auto staged = std::make_shared<std::vector<char>>(source, source + bytes);
        return enqueue(stream, [to, staged] {
            jhorovod_double_delay("NCCL_DOUBLE_COPY_DELAY_MICROS");
            std::memcpy(to, staged->data(), staged->size());
        });
    }
    int error = enqueue(stream, [to, from, bytes] {
        jhorovod_double_delay("NCCL_DOUBLE_COPY_DELAY_MICROS");
        std::memmove(to, from, bytes);
    });
    if (error == kSuccess && is_pageable(to)) {
        host_waits();
        return wait_for(stream);
    }
    return error;
}

Event* event_of(void* handle) { return static_cast<Event*>(handle); }

}  // namespace

int current_device() { return chosen_device; }

EXPORTED const char* jhorovod_is_double() {
    return "JHorovod's test double of the CUDA runtime 12.4; there is no GPU";
}

// --- Devices ------------------------------------------------------------------------------------

EXPORTED int cudaGetDeviceCount(int* count) {
    *count = device_count();
    return *count == 0 ? remember(kNoDevice) : kSuccess;
}

EXPORTED int cudaSetDevice(int device) {
    if (device < 0 || device >= device_count()) return remember(kInvalidDevice);
    chosen_device = device;
    return kSuccess;
}

EXPORTED int cudaGetDevice(int* device) {
    *device = chosen_device;
    return kSuccess;
}

EXPORTED int cudaDeviceGetPCIBusId(char* text, int length, int device) {
    std::snprintf(text, static_cast<size_t>(length), "double:%02x:00.0", device);
    return kSuccess;
}

EXPORTED int cudaDeviceSynchronize() {
    host_waits();
    await_device(chosen_device);
    return kSuccess;
}

EXPORTED int cudaRuntimeGetVersion(int* version) {
    *version = kVersion;
    return kSuccess;
}

EXPORTED int cudaDriverGetVersion(int* version) {
    *version = kVersion;
    return kSuccess;
}

// --- Errors -------------------------------------------------------------------------------------

EXPORTED int cudaGetLastError() {
    int error = last_error;
    last_error = kSuccess;
    return error;
}

EXPORTED int cudaPeekAtLastError() { return last_error; }

EXPORTED const char* cudaGetErrorString(int error) {
    switch (error) {
        case kSuccess: return "no error";
        case kInvalidValue: return "invalid argument";
        case kOutOfMemory: return "out of memory";
        case kNoDevice: return "no CUDA-capable device is detected";
        case kInvalidDevice: return "invalid device ordinal";
        case kInvalidHandle: return "invalid resource handle";
        case kNotReady: return "device not ready";
        default: return "an error that the double does not know";
    }
}

EXPORTED const char* cudaGetErrorName(int error) {
    return error == kSuccess ? "cudaSuccess" : cudaGetErrorString(error);
}

// --- Memory -------------------------------------------------------------------------------------

EXPORTED int cudaMalloc(void** address, size_t bytes) {
    *address = allocate_memory(bytes, MemoryKind::kDevice, chosen_device);
    return *address == nullptr ? remember(kOutOfMemory) : kSuccess;
}

EXPORTED int cudaFree(void* address) {
    if (address == nullptr || free_memory(address, MemoryKind::kDevice)) return kSuccess;
    return remember(kInvalidValue);
}

EXPORTED int cudaHostAlloc(void** address, size_t bytes, unsigned) {
    *address = allocate_memory(bytes, MemoryKind::kPinned, chosen_device);
    return *address == nullptr ? remember(kOutOfMemory) : kSuccess;
}

EXPORTED int cudaMallocHost(void** address, size_t bytes) {
    return cudaHostAlloc(address, bytes, 0);
}

EXPORTED int cudaFreeHost(void* address) {
    if (address == nullptr || free_memory(address, MemoryKind::kPinned)) return kSuccess;
    return remember(kInvalidValue);
}

// The layout of cudaPointerAttributes.
struct PointerAttributes {
    int type;
    int device;
    void* device_address;
    void* host_address;
};

EXPORTED int cudaPointerGetAttributes(PointerAttributes* attributes, const void* address) {
    Allocation found = allocation_of(address);
    void* plain = const_cast<void*>(address);
    bool is_device = found.kind == MemoryKind::kDevice;
    attributes->type = is_device ? 2 : found.kind == MemoryKind::kPinned ? 1 : 0;
    attributes->device = found.device;
    attributes->device_address = found.kind == MemoryKind::kPageable ? nullptr : plain;
    attributes->host_address = is_device ? nullptr : plain;
    return kSuccess;
}

EXPORTED int cudaMemcpyAsync(void* to, const void* from, size_t bytes, int direction,
                             void* stream) {
    if (direction < 0 || direction > kDefaultDirection) return remember(kInvalidValue);
    if (direction == kDeviceToDevice && (is_pageable(to) || is_pageable(from))) {
        return remember(kInvalidValue);
    }
    if (direction == kHostToDevice && is_pageable(to)) return remember(kInvalidValue);
    return copy(to, from, bytes, stream);
}

EXPORTED int cudaMemcpy(void* to, const void* from, size_t bytes, int direction) {
    host_waits();
    int error = cudaMemcpyAsync(to, from, bytes, direction, nullptr);
    return error == kSuccess ? wait_for(nullptr) : error;
}

EXPORTED int cudaMemsetAsync(void* address, int value, size_t bytes, void* stream) {
    if (is_pageable(address)) return remember(kInvalidValue);
    return enqueue(stream, [=] {
        jhorovod_double_delay("NCCL_DOUBLE_COPY_DELAY_MICROS");
        std::memset(address, value, bytes);
    });
}

EXPORTED int cudaMemset(void* address, int value, size_t bytes) {
    return cudaMemsetAsync(address, value, bytes, nullptr);
}

// --- Streams ------------------------------------------------------------------------------------

EXPORTED int cudaStreamCreateWithFlags(void** stream, unsigned flags) {
    *stream = create_stream(chosen_device, (flags & kStreamNonBlocking) == 0);
    return kSuccess;
}

EXPORTED int cudaStreamCreate(void** stream) { return cudaStreamCreateWithFlags(stream, 0); }

EXPORTED int cudaStreamCreateWithPriority(void** stream, unsigned flags, int) {
    return cudaStreamCreateWithFlags(stream, flags);
}

EXPORTED int cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
    *least = 0;
    *greatest = -5;
    return kSuccess;
}

EXPORTED int cudaStreamDestroy(void* stream) {
    return destroy_stream(stream) ? kSuccess : remember(kInvalidHandle);
}

EXPORTED int cudaStreamSynchronize(void* stream) {
    host_waits();
    return wait_for(stream);
}

EXPORTED int cudaStreamQuery(void* handle) {
    std::shared_ptr<Stream> stream = find_stream(handle, chosen_device);
    if (!stream) return remember(kInvalidHandle);
    return stream->is_done(stream->last_added()) ? kSuccess : kNotReady;
}

EXPORTED int cudaLaunchHostFunc(void* stream, void (*function)(void*), void* argument) {
    return enqueue(stream, [function, argument] { function(argument); });
}

// --- Events -------------------------------------------------------------------------------------

EXPORTED int cudaEventCreateWithFlags(void** event, unsigned) {
    *event = new Event();
    jhorovod_double_add("events", 1);
    return kSuccess;
}

EXPORTED int cudaEventCreate(void** event) { return cudaEventCreateWithFlags(event, 0); }

EXPORTED int cudaEventDestroy(void* event) {
    if (event == nullptr) return remember(kInvalidHandle);
    delete event_of(event);
    jhorovod_double_add("events", -1);
    return kSuccess;
}

EXPORTED int cudaEventRecord(void* handle, void* stream_handle) {
    std::shared_ptr<Stream> stream = find_stream(stream_handle, chosen_device);
    if (!stream || handle == nullptr) return remember(kInvalidHandle);
    Event* event = event_of(handle);
    std::lock_guard<std::mutex> lock(event->mutex);
    event->stream = stream;
    event->number = add_in_order(stream, [] {});
    return kSuccess;
}

EXPORTED int cudaStreamWaitEvent(void* stream, void* handle, unsigned) {
    if (handle == nullptr) return remember(kInvalidHandle);
    Event* event = event_of(handle);
    std::shared_ptr<Stream> recorded;
    uint64_t number = 0;
    {
        std::lock_guard<std::mutex> lock(event->mutex);
        recorded = event->stream;
        number = event->number;
    }
    // An event that was never recorded holds nobody up.
    if (!recorded) return kSuccess;
    return enqueue(stream, [recorded, number] { recorded->await(number); });
}

EXPORTED int cudaEventQuery(void* handle) {
    if (handle == nullptr) return remember(kInvalidHandle);
    Event* event = event_of(handle);
    std::lock_guard<std::mutex> lock(event->mutex);
    return !event->stream || event->stream->is_done(event->number) ? kSuccess : kNotReady;
}

EXPORTED int cudaEventSynchronize(void* handle) {
    if (handle == nullptr) return remember(kInvalidHandle);
    host_waits();
    Event* event = event_of(handle);
    std::shared_ptr<Stream> stream;
    uint64_t number = 0;
    {
        std::lock_guard<std::mutex> lock(event->mutex);
        stream = event->stream;
        number = event->number;
    }
    if (stream) stream->await(number);
    return kSuccess;
}
