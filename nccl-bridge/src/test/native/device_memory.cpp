// Test double, holds no GPU: the table of allocations.
#include "device_memory.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>

#include "switches.h"

namespace {

constexpr size_t kAlignment = 256;
constexpr unsigned char kPoison = 0xFF;
// Freed blocks stay mapped for a while, so that a late reader meets poison and no crash.
constexpr size_t kQuarantineBytes = size_t{64} << 20;

struct Memory {
    std::mutex mutex;
    std::map<char*, Allocation> live;
    std::deque<Allocation> quarantine;
    size_t quarantined_bytes = 0;
};

Memory& memory() {
    static Memory* instance = new Memory();
    return *instance;
}

const char* counter_of(MemoryKind kind) {
    return kind == MemoryKind::kDevice ? "device allocations" : "pinned allocations";
}

}  // namespace

void* allocate_memory(size_t bytes, MemoryKind kind, int device) {
    size_t rounded = (bytes + kAlignment) / kAlignment * kAlignment;
    char* start = static_cast<char*>(std::aligned_alloc(kAlignment, rounded));
    if (start == nullptr) return nullptr;
    std::memset(start, kPoison, rounded);
    std::lock_guard<std::mutex> lock(memory().mutex);
    memory().live[start] = Allocation{start, rounded, kind, device};
    jhorovod_double_add(counter_of(kind), 1);
    return start;
}

bool free_memory(void* start, MemoryKind kind) {
    std::lock_guard<std::mutex> lock(memory().mutex);
    auto found = memory().live.find(static_cast<char*>(start));
    if (found == memory().live.end() || found->second.kind != kind) return false;
    Allocation freed = found->second;
    memory().live.erase(found);
    std::memset(freed.start, kPoison, freed.bytes);
    memory().quarantine.push_back(freed);
    memory().quarantined_bytes += freed.bytes;
    while (memory().quarantined_bytes > kQuarantineBytes) {
        memory().quarantined_bytes -= memory().quarantine.front().bytes;
        std::free(memory().quarantine.front().start);
        memory().quarantine.pop_front();
    }
    jhorovod_double_add(counter_of(kind), -1);
    return true;
}

Allocation allocation_of(const void* address) {
    char* wanted = static_cast<char*>(const_cast<void*>(address));
    std::lock_guard<std::mutex> lock(memory().mutex);
    auto after = memory().live.upper_bound(wanted);
    if (after != memory().live.begin()) {
        Allocation candidate = std::prev(after)->second;
        if (wanted < candidate.start + candidate.bytes) return candidate;
    }
    return Allocation{wanted, 0, MemoryKind::kPageable, -1};
}
