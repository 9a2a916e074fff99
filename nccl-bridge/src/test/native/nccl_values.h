// Test double, holds no GPU: NCCL's numbers, as its documentation gives them.
#pragma once

#include <cstddef>

enum Result {
    kSuccess = 0,
    kUnhandledCudaError = 1,
    kSystemError = 2,
    kInternalError = 3,
    kInvalidArgument = 4,
    kInvalidUsage = 5,
    kRemoteError = 6,
    kInProgress = 7,
};

enum ElementType {
    kInt8 = 0,
    kUint8 = 1,
    kInt32 = 2,
    kUint32 = 3,
    kInt64 = 4,
    kUint64 = 5,
    kFloat16 = 6,
    kFloat32 = 7,
    kFloat64 = 8,
    kBfloat16 = 9,
    kElementTypes = 10,
};

enum ReductionKind { kSum = 0, kProd = 1, kMax = 2, kMin = 3, kAvg = 4, kFirstCustom = 5 };

constexpr size_t kUniqueIdBytes = 128;
constexpr unsigned kConfigMagic = 0xcafebeef;
