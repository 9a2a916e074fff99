// Test double, holds no GPU: a communicator, whose collectives are work of a stream.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "element_types.h"
#include "shared_segment.h"

enum class Kind { kAllReduce, kReduce, kBroadcast, kAllGather, kReduceScatter, kSend, kReceive };

// One call of the API.
struct Operation {
    Kind kind;
    const char* input;
    char* output;
    size_t count;
    int type;
    Reduction reduction;
    int root;  // or the peer of a send or receive
    void* stream;
};

class Communicator : public std::enable_shared_from_this<Communicator> {
  public:
    Communicator(int rank, int size, int device, bool is_blocking)
        : rank_(rank), size_(size), device_(device), is_blocking_(is_blocking) {}

    int rank() const { return rank_; }
    int size() const { return size_; }
    int device() const { return device_; }
    bool is_blocking() const { return is_blocking_; }

    // Meets the other ranks; blocks until then, or until the abort.
    void meet(const std::string& name);

    // Puts operations on their streams, in order. Returns kInProgress if that happens later.
    int launch(std::vector<Operation> operations);

    int state() const { return state_; }
    void set_state(int state) { state_ = state; }
    std::string last_error();

    // Makes everything that waits give up, and waits until it has.
    void abort();
    // Waits for everything that was launched.
    void finish();

  private:
    // Operations that run together: one collective, or sends and receives of a group.
    using Batch = std::vector<Operation>;

    void enqueue(std::vector<Operation> operations);
    void enqueue_batch(Batch batch);
    void run(const Batch& batch);
    void run_collective(const Operation& operation);
    void run_point_to_point(const Batch& batch);
    bool exchange(const Operation& operation, size_t* done);
    bool meet_peers(const Operation& operation);
    bool is_told_to_fail();

    // Waits in the way of a kernel: until the condition holds (true) or the abort (false). Notes
    // peers that are gone, and goes on waiting, as a kernel would.
    bool wait_until(const std::function<bool()>& condition);
    void fail(int state, const std::string& message);

    const int rank_;
    const int size_;
    const int device_;
    const bool is_blocking_;
    std::unique_ptr<SharedSegment> segment_;
    std::atomic<int> state_{kSuccess};
    std::atomic<bool> is_aborted_{false};
    std::atomic<uint64_t> run_count_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
    // Guarded by mutex_.
    uint64_t launched_ = 0;
    uint64_t finished_ = 0;
    int running_ = 0;
    std::string last_error_;
};
