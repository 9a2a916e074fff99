// Test double, holds no GPU: the arithmetic of NCCL's element types.
#pragma once

#include <cstddef>
#include <vector>

#include "nccl_values.h"

// What happens to the elements of all ranks. A scalar belongs to PreMulSum: each rank multiplies its
// own input by its own before the sum.
struct Reduction {
    int kind = kSum;
    bool has_scalar = false;
    alignas(8) char scalar[8] = {};
    const void* device_scalar = nullptr;  // read when the collective runs, if not null
};

size_t bytes_of(int type);

// Multiplies count elements of this rank by the scalar of its reduction, if that has one. The products
// of 16-bit types are made in float32 and rounded.
void premultiply(int type, const Reduction& reduction, char* elements, size_t count);

// Reduces count elements of each rank, in rank order, into output. Sums of 16-bit types are made in
// float32 and rounded once.
void reduce(int type, const Reduction& reduction, const std::vector<const char*>& ranks,
            char* output, size_t count);
