// Test double, holds no GPU: "device" memory is host memory that a table knows.
#pragma once

#include <cstddef>

enum class MemoryKind { kPageable, kPinned, kDevice };

struct Allocation {
    char* start;
    size_t bytes;
    MemoryKind kind;
    int device;
};

// Allocates memory full of 0xFF, so that reading what nobody wrote shows.
void* allocate_memory(size_t bytes, MemoryKind kind, int device);

// Fills the memory with 0xFF and frees it; false if it is no allocation of this kind.
//
// The real cudaFree waits for the device first. This one does not, so that memory freed too early
// shows as well.
bool free_memory(void* start, MemoryKind kind);

// The allocation around an address; pageable if there is none.
Allocation allocation_of(const void* address);
