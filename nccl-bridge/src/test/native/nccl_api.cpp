// Test double, holds no GPU: the functions of libnccl.so.2, as far as NCCL 2.21 has them.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <thread>

#include "communicator.h"
#include "nccl_values.h"
#include "switches.h"

EXPORTED int cudaGetDevice(int* device);
EXPORTED int cudaSetDevice(int device);
EXPORTED int cudaGetDeviceCount(int* count);

struct UniqueId {
    char internal[kUniqueIdBytes];
};

// The configuration as NCCL 2.21 knows it; later versions add fields at the end.
struct Config {
    size_t size;
    unsigned magic;
    unsigned version;
    int blocking;
    int cga_cluster_size;
    int min_ctas;
    int max_ctas;
    const char* net_name;
    int split_share;
};

namespace {

using CommunicatorPointer = std::shared_ptr<Communicator>;

// Never destroyed: worker threads outlive main.
struct Handles {
    std::mutex mutex;
    std::map<void*, CommunicatorPointer> communicators;
    std::map<int, Reduction> reductions;
    int next_reduction = kFirstCustom;
};

Handles& handles() {
    static Handles* instance = new Handles();
    return *instance;
}

CommunicatorPointer find(void* handle) {
    std::lock_guard<std::mutex> lock(handles().mutex);
    auto found = handles().communicators.find(handle);
    if (found != handles().communicators.end()) return found->second;
    jhorovod_double_add("uses of a dead communicator", 1);
    return nullptr;
}

CommunicatorPointer take(void* handle) {
    CommunicatorPointer taken = find(handle);
    if (taken) {
        std::lock_guard<std::mutex> lock(handles().mutex);
        handles().communicators.erase(handle);
        jhorovod_double_add("communicators", -1);
    }
    return taken;
}

// A group that a thread has opened, and what it has called since.
struct Group {
    int depth = 0;
    std::vector<std::pair<CommunicatorPointer, std::vector<Operation>>> calls;
};

thread_local Group group;

std::vector<Operation>& calls_of(const CommunicatorPointer& communicator) {
    for (auto& [known, operations] : group.calls) {
        if (known == communicator) return operations;
    }
    group.calls.emplace_back(communicator, std::vector<Operation>());
    return group.calls.back().second;
}

int call(void* handle, Operation operation, int reduction_kind) {
    CommunicatorPointer communicator = find(handle);
    if (!communicator) return kInvalidArgument;
    if (operation.type < 0 || operation.type >= kElementTypes) return kInvalidArgument;
    if (operation.root < 0 || operation.root >= communicator->size()) return kInvalidArgument;
    if (communicator->state() != kSuccess) {
        // Called before the last call is through: an error of the caller's.
        return communicator->state() == kInProgress ? kInvalidArgument : communicator->state();
    }
    if (reduction_kind >= kFirstCustom) {
        std::lock_guard<std::mutex> lock(handles().mutex);
        auto found = handles().reductions.find(reduction_kind);
        if (found == handles().reductions.end()) return kInvalidArgument;
        operation.reduction = found->second;
    } else {
        operation.reduction.kind = reduction_kind;
    }
    if (group.depth > 0) {
        calls_of(communicator).push_back(operation);
        return kSuccess;
    }
    return communicator->launch({operation});
}

Operation operation(Kind kind, const void* input, void* output, size_t count, int type, int root,
                    void* stream) {
    return {kind,  static_cast<const char*>(input), static_cast<char*>(output), count, type, {},
            root, stream};
}

int init(void** handle, int size, const UniqueId& id, int rank, bool is_blocking) {
    int device = 0;
    int devices = 0;
    cudaGetDevice(&device);
    if (cudaGetDeviceCount(&devices) != 0) return kUnhandledCudaError;
    if (rank < 0 || rank >= size || size > SharedSegment::kMostRanks) return kInvalidArgument;
    auto communicator = std::make_shared<Communicator>(rank, size, device, is_blocking);
    {
        std::lock_guard<std::mutex> lock(handles().mutex);
        handles().communicators[communicator.get()] = communicator;
        jhorovod_double_add("communicators", 1);
    }
    *handle = communicator.get();
    std::string name(id.internal, strnlen(id.internal, kUniqueIdBytes));
    communicator->set_state(kInProgress);
    if (is_blocking) {
        communicator->meet(name);
        return communicator->state();
    }
    std::thread([communicator, name] { communicator->meet(name); }).detach();
    return kInProgress;
}

long pretended_version() { return jhorovod_double_switch("NCCL_DOUBLE_VERSION", 22105); }

}  // namespace

EXPORTED const char* jhorovod_is_double() {
    return "JHorovod's test double of NCCL on host memory; there is no GPU";
}

EXPORTED int ncclGetVersion(int* version) {
    *version = static_cast<int>(pretended_version());
    return kSuccess;
}

EXPORTED const char* ncclGetErrorString(int result) {
    switch (result) {
        case kSuccess: return "no error";
        case kUnhandledCudaError: return "unhandled cuda error";
        case kSystemError: return "unhandled system error";
        case kInternalError: return "internal error";
        case kInvalidArgument: return "invalid argument";
        case kInvalidUsage: return "invalid usage";
        case kRemoteError: return "remote process exited or there was a network error";
        case kInProgress: return "NCCL operation in progress";
        default: return "unknown result code";
    }
}

EXPORTED const char* ncclGetLastError(void* handle) {
    static thread_local std::string text;
    CommunicatorPointer communicator = handle == nullptr ? nullptr : find(handle);
    text = communicator ? communicator->last_error() : "";
    return text.c_str();
}

// --- Communicators ------------------------------------------------------------------------------

EXPORTED int ncclGetUniqueId(UniqueId* id) {
    std::random_device random;
    std::memset(id->internal, 0, kUniqueIdBytes);
    std::snprintf(id->internal, kUniqueIdBytes, "/jhorovod-nccl-double-%d-%08x%08x", getpid(),
                  random(), random());
    return kSuccess;
}

EXPORTED int ncclCommInitRank(void** handle, int size, UniqueId id, int rank) {
    return init(handle, size, id, rank, true);
}

EXPORTED int ncclCommInitRankConfig(void** handle, int size, UniqueId id, int rank,
                                    const Config* config) {
    if (config == nullptr) return init(handle, size, id, rank, true);
    // Stricter than the real one, which cuts off what it does not know.
    if (config->magic != kConfigMagic || config->size > sizeof(Config)) return kInvalidArgument;
    if (config->blocking != 0 && config->blocking != 1 && config->blocking != INT32_MIN) {
        return kInvalidArgument;
    }
    return init(handle, size, id, rank, config->blocking != 0);
}

EXPORTED int ncclCommGetAsyncError(void* handle, int* state) {
    CommunicatorPointer communicator = find(handle);
    if (!communicator) return kInvalidArgument;
    *state = communicator->state();
    return kSuccess;
}

EXPORTED int ncclCommAbort(void* handle) {
    CommunicatorPointer communicator = take(handle);
    if (!communicator) return kInvalidArgument;
    jhorovod_double_add("aborts", 1);
    communicator->abort();
    return kSuccess;
}

EXPORTED int ncclCommFinalize(void* handle) {
    CommunicatorPointer communicator = find(handle);
    if (!communicator) return kInvalidArgument;
    if (communicator->is_blocking()) {
        communicator->finish();
        return kSuccess;
    }
    communicator->set_state(kInProgress);
    std::thread([communicator] {
        communicator->finish();
        communicator->set_state(kSuccess);
    }).detach();
    return kInProgress;
}

EXPORTED int ncclCommDestroy(void* handle) {
    CommunicatorPointer communicator = take(handle);
    if (!communicator) return kInvalidArgument;
    communicator->finish();
    return kSuccess;
}

EXPORTED int ncclCommCount(void* handle, int* size) {
    CommunicatorPointer communicator = find(handle);
    if (!communicator) return kInvalidArgument;
    *size = communicator->size();
    return kSuccess;
}

EXPORTED int ncclCommUserRank(void* handle, int* rank) {
    CommunicatorPointer communicator = find(handle);
    if (!communicator) return kInvalidArgument;
    *rank = communicator->rank();
    return kSuccess;
}

EXPORTED int ncclCommCuDevice(void* handle, int* device) {
    CommunicatorPointer communicator = find(handle);
    if (!communicator) return kInvalidArgument;
    *device = communicator->device();
    return kSuccess;
}

// --- Reductions of one's own --------------------------------------------------------------------

EXPORTED int ncclRedOpCreatePreMulSum(int* reduction, void* scalar, int type, int residence,
                                      void* handle) {
    if (!find(handle) || type < 0 || type >= kElementTypes) return kInvalidArgument;
    Reduction created;
    created.has_scalar = true;
    if (residence == 1) {
        std::memcpy(created.scalar, scalar, bytes_of(type));
    } else {
        created.device_scalar = scalar;
    }
    std::lock_guard<std::mutex> lock(handles().mutex);
    *reduction = handles().next_reduction++;
    handles().reductions[*reduction] = created;
    jhorovod_double_add("reductions", 1);
    return kSuccess;
}

EXPORTED int ncclRedOpDestroy(int reduction, void*) {
    std::lock_guard<std::mutex> lock(handles().mutex);
    if (handles().reductions.erase(reduction) == 0) return kInvalidArgument;
    jhorovod_double_add("reductions", -1);
    return kSuccess;
}

// --- Collectives --------------------------------------------------------------------------------

EXPORTED int ncclAllReduce(const void* in, void* out, size_t count, int type, int reduction,
                           void* communicator, void* stream) {
    return call(communicator, operation(Kind::kAllReduce, in, out, count, type, 0, stream),
                reduction);
}

EXPORTED int ncclReduce(const void* in, void* out, size_t count, int type, int reduction, int root,
                        void* communicator, void* stream) {
    return call(communicator, operation(Kind::kReduce, in, out, count, type, root, stream),
                reduction);
}

EXPORTED int ncclBroadcast(const void* in, void* out, size_t count, int type, int root,
                           void* communicator, void* stream) {
    return call(communicator, operation(Kind::kBroadcast, in, out, count, type, root, stream),
                kSum);
}

EXPORTED int ncclAllGather(const void* in, void* out, size_t count, int type, void* communicator,
                           void* stream) {
    return call(communicator, operation(Kind::kAllGather, in, out, count, type, 0, stream), kSum);
}

EXPORTED int ncclReduceScatter(const void* in, void* out, size_t count, int type, int reduction,
                               void* communicator, void* stream) {
    return call(communicator, operation(Kind::kReduceScatter, in, out, count, type, 0, stream),
                reduction);
}

EXPORTED int ncclSend(const void* in, size_t count, int type, int peer, void* communicator,
                      void* stream) {
    return call(communicator, operation(Kind::kSend, in, nullptr, count, type, peer, stream), kSum);
}

EXPORTED int ncclRecv(void* out, size_t count, int type, int peer, void* communicator,
                      void* stream) {
    return call(communicator, operation(Kind::kReceive, nullptr, out, count, type, peer, stream),
                kSum);
}

EXPORTED int ncclGroupStart() {
    group.depth++;
    return kSuccess;
}

EXPORTED int ncclGroupEnd() {
    if (group.depth == 0) return kInvalidUsage;
    if (--group.depth > 0) return kSuccess;
    auto calls = std::move(group.calls);
    group.calls.clear();
    int result = kSuccess;
    for (auto& [communicator, operations] : calls) {
        int launched = communicator->launch(std::move(operations));
        if (launched != kSuccess) result = launched;
    }
    return result;
}
