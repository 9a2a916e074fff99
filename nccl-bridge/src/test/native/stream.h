// Test double, holds no GPU: streams run their work on a thread of their own, in order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "switches.h"

using Work = std::function<void()>;

// A queue and the thread that empties it. Work is numbered from 1; a number is done once all work
// up to it is.
class Stream : public std::enable_shared_from_this<Stream> {
  public:
    // Starts the thread.
    static std::shared_ptr<Stream> start(int device, bool waits_for_default);

    int device() const { return device_; }
    bool waits_for_default() const { return waits_for_default_; }

    // Adds work and returns its number.
    uint64_t add(Work work);
    // The number of the last work that was added.
    uint64_t last_added();
    bool is_done(uint64_t number);
    void await(uint64_t number);
    // Lets the thread end once its work is done.
    void end();

  private:
    Stream(int device, bool waits_for_default)
        : device_(device), waits_for_default_(waits_for_default) {}
    void run();

    const int device_;
    const bool waits_for_default_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Work> queue_;
    uint64_t added_ = 0;
    uint64_t done_ = 0;
    bool ending_ = false;
};

// A point in a stream's work.
struct Event {
    std::mutex mutex;
    std::shared_ptr<Stream> stream;  // null until recorded
    uint64_t number = 0;
};

// The stream behind a handle of the API; null stands for the device's default stream. Returns null
// if the handle is none.
std::shared_ptr<Stream> find_stream(void* handle, int device);
void* create_stream(int device, bool waits_for_default);
bool destroy_stream(void* handle);

// Adds work by the rules of the legacy default stream: its work waits for all earlier work of the
// device's blocking streams, and theirs waits for its.
uint64_t add_in_order(const std::shared_ptr<Stream>& stream, Work work);

// Waits for everything that was added to the device's streams so far.
void await_device(int device);

// For the double of NCCL: runs work(argument) on a stream in its turn. Returns 0, or 400 for a
// handle that is none.
EXPORTED int jhorovod_double_enqueue(void* stream, void (*work)(void*), void* argument);
