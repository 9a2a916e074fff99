// Test double, holds no GPU: a POSIX shared-memory segment a communicator.
#include "shared_segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <utility>

namespace {

enum State { kAbsent = 0, kPresent, kFinished, kLeft };

// A process that is dead, though its parent may not have noticed.
bool is_dead(pid_t pid) {
    std::string path = "/proc/" + std::to_string(pid) + "/stat";
    FILE* file = std::fopen(path.c_str(), "r");
    if (file == nullptr) return true;
    char text[512] = {};
    size_t length = std::fread(text, 1, sizeof text - 1, file);
    std::fclose(file);
    const char* name_end = length == 0 ? nullptr : std::strrchr(text, ')');
    // The state is the letter after the name: Z is a zombie, X dead.
    return name_end == nullptr || name_end[2] == 'Z' || name_end[2] == 'X';
}

}  // namespace

struct SharedSegment::Seat {
    std::atomic<int> state;
    std::atomic<pid_t> pid;
    std::atomic<uint64_t> arrived;
    // Two, by turns: a fast rank may be one meeting ahead.
    CallSignature signatures[2];
};

// Fresh shared memory is zero, which is every field's first value.
struct SharedSegment::Layout {
    Seat seats[kMostRanks];
};

SharedSegment::SharedSegment(std::string name, int rank, int size, Layout* layout, size_t bytes)
    : name_(std::move(name)), rank_(rank), size_(size), layout_(layout), bytes_(bytes) {}

std::unique_ptr<SharedSegment> SharedSegment::join(const std::string& name, int rank, int size) {
    size_t ranks = static_cast<size_t>(size);
    size_t bytes = sizeof(Layout) + ranks * kWindowBytes + ranks * ranks * sizeof(Mailbox);
    int file = shm_open(name.c_str(), O_RDWR | O_CREAT, 0600);
    if (file < 0) return nullptr;
    void* memory = MAP_FAILED;
    if (ftruncate(file, static_cast<off_t>(bytes)) == 0) {
        memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    }
    close(file);
    if (memory == MAP_FAILED) return nullptr;
    auto* layout = static_cast<Layout*>(memory);
    layout->seats[rank].pid = getpid();
    layout->seats[rank].state = kPresent;
    return std::unique_ptr<SharedSegment>(new SharedSegment(name, rank, size, layout, bytes));
}

SharedSegment::~SharedSegment() {
    leave();
    munmap(layout_, bytes_);
}

void SharedSegment::leave() {
    Seat& own = layout_->seats[rank_];
    if (own.state == kFinished) return;
    own.state = kLeft;
    unlink_name();
}

bool SharedSegment::all_joined() const {
    for (int rank = 0; rank < size_; rank++) {
        if (layout_->seats[rank].state == kAbsent) return false;
    }
    return true;
}

void SharedSegment::unlink_name() { shm_unlink(name_.c_str()); }

void SharedSegment::arrive(const CallSignature& signature) {
    Seat& own = layout_->seats[rank_];
    meetings_++;
    own.signatures[meetings_ % 2] = signature;
    own.arrived = meetings_;
}

bool SharedSegment::all_arrived() const {
    for (int rank = 0; rank < size_; rank++) {
        if (layout_->seats[rank].arrived < meetings_) return false;
    }
    return true;
}

bool SharedSegment::all_agree() const {
    const CallSignature& own = layout_->seats[rank_].signatures[meetings_ % 2];
    for (int rank = 0; rank < size_; rank++) {
        if (!(layout_->seats[rank].signatures[meetings_ % 2] == own)) return false;
    }
    return true;
}

char* SharedSegment::window(int rank) const {
    return reinterpret_cast<char*>(layout_) + sizeof(Layout) +
           static_cast<size_t>(rank) * kWindowBytes;
}

Mailbox& SharedSegment::mailbox(int from, int to) const {
    char* first = window(size_);
    return reinterpret_cast<Mailbox*>(first)[from * size_ + to];
}

void SharedSegment::finish() { layout_->seats[rank_].state = kFinished; }

int SharedSegment::gone_peer() const {
    for (int rank = 0; rank < size_; rank++) {
        const Seat& seat = layout_->seats[rank];
        if (rank == rank_ || seat.state == kAbsent || seat.state == kFinished) continue;
        if (seat.state == kLeft || is_dead(seat.pid)) return rank;
    }
    return -1;
}
