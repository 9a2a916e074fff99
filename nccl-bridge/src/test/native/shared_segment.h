// Test double, holds no GPU: the memory that the ranks of a communicator share.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

// What a rank is about to do; all ranks must say the same.
struct CallSignature {
    int kind;
    int type;
    int reduction;
    bool has_scalar;
    int root;
    uint64_t count;
    bool operator==(const CallSignature& o) const {
        return kind == o.kind && type == o.type && reduction == o.reduction &&
               has_scalar == o.has_scalar && root == o.root && count == o.count;
    }
};

// A stream of bytes from one rank to another. One writes, one reads.
struct Mailbox {
    static constexpr size_t kBytes = 64 << 10;
    std::atomic<uint64_t> written;
    std::atomic<uint64_t> read;
    char bytes[kBytes];
};

class SharedSegment {
  public:
    static constexpr int kMostRanks = 16;
    static constexpr size_t kWindowBytes = 256 << 10;

    // Creates the segment or joins it, whoever comes first. Its name is gone once all have joined.
    // Returns null if the system refuses.
    static std::unique_ptr<SharedSegment> join(const std::string& name, int rank, int size);

    // Unmaps it; peers see this rank as gone if it did not finish in good order.
    ~SharedSegment();

    bool all_joined() const;
    // Takes the name away, so that nothing is left when the processes are gone.
    void unlink_name();

    // Notes that this rank has come to its next meeting point.
    void arrive(const CallSignature& signature);
    bool all_arrived() const;
    // Whether all ranks that arrived said the same; to be asked once all have.
    bool all_agree() const;

    char* window(int rank) const;
    Mailbox& mailbox(int from, int to) const;

    // Says that this rank needs its peers no more.
    void finish();
    // Says that this rank is gone, unless it has finished.
    void leave();
    // A peer whose process is dead, or that left without finishing; -1 if there is none.
    int gone_peer() const;

  private:
    struct Seat;
    struct Layout;
    SharedSegment(std::string name, int rank, int size, Layout* layout, size_t bytes);

    const std::string name_;
    const int rank_;
    const int size_;
    Layout* const layout_;
    const size_t bytes_;
    uint64_t meetings_ = 0;
};
