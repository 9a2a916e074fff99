// Test double, holds no GPU: how collectives run.
//
// Each rank copies a window of its input where the peers see it, meets them, and reads theirs. All
// ranks reduce in rank order, so they get the same bits.
#include "communicator.h"

#include <sched.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "switches.h"

EXPORTED int jhorovod_double_enqueue(void* stream, void (*work)(void*), void* argument);
EXPORTED int cudaSetDevice(int device);

namespace {

constexpr int kSpins = 200;
constexpr auto kPause = std::chrono::microseconds(100);
constexpr int kPausesBetweenLooks = 50;

bool is_point_to_point(const Operation& operation) {
    return operation.kind == Kind::kSend || operation.kind == Kind::kReceive;
}

// How many elements a rank puts in.
size_t input_count(const Operation& operation, int size) {
    size_t ranks = static_cast<size_t>(size);
    return operation.kind == Kind::kReduceScatter ? operation.count * ranks : operation.count;
}

}  // namespace

void Communicator::meet(const std::string& name) {
    jhorovod_double_delay("NCCL_DOUBLE_INIT_DELAY_MICROS");
    if (size_ > 1 && jhorovod_double_switch("NCCL_DOUBLE_SAME_GPU", 0) != 0) {
        // In the words of the real one, which tells the device by its number on the bus.
        fail(kInvalidUsage, "Duplicate GPU detected : rank " + std::to_string(rank_) + " and rank " +
                                std::to_string(rank_ == 0 ? 1 : 0) + " both on CUDA device 60");
        return;
    }
    std::unique_ptr<SharedSegment> segment = SharedSegment::join(name, rank_, size_);
    if (!segment) {
        fail(kSystemError, "no shared memory for " + name);
        return;
    }
    {
        std::lock_guard<std::mutex> lock(mutex_);
        segment_ = std::move(segment);
    }
    if (wait_until([&] { return segment_->all_joined(); })) {
        segment_->unlink_name();
        int expected = kInProgress;
        state_.compare_exchange_strong(expected, kSuccess);
    }
}

int Communicator::launch(std::vector<Operation> operations) {
    if (is_blocking_ || jhorovod_double_switch("NCCL_DOUBLE_LAUNCH_DELAY_MICROS", 0) == 0) {
        enqueue(std::move(operations));
        return kSuccess;
    }
    state_ = kInProgress;
    std::thread([self = shared_from_this(), operations = std::move(operations)] {
        cudaSetDevice(self->device_);
        jhorovod_double_delay("NCCL_DOUBLE_LAUNCH_DELAY_MICROS");
        self->enqueue(operations);
        int expected = kInProgress;
        self->state_.compare_exchange_strong(expected, kSuccess);
    }).detach();
    return kInProgress;
}

void Communicator::enqueue(std::vector<Operation> operations) {
    Batch sends_and_receives;
    for (Operation& operation : operations) {
        if (is_point_to_point(operation)) {
            sends_and_receives.push_back(operation);
        } else {
            enqueue_batch({operation});
        }
    }
    if (!sends_and_receives.empty()) enqueue_batch(std::move(sends_and_receives));
}

void Communicator::enqueue_batch(Batch batch) {
    struct Turn {
        std::shared_ptr<Communicator> communicator;
        Batch batch;
        uint64_t number;
    };
    void* stream = batch.front().stream;
    auto* turn = new Turn{shared_from_this(), std::move(batch), 0};
    {
        std::lock_guard<std::mutex> lock(mutex_);
        turn->number = ++launched_;
    }
    int error = jhorovod_double_enqueue(
        stream,
        [](void* argument) {
            std::unique_ptr<Turn> mine(static_cast<Turn*>(argument));
            Communicator& self = *mine->communicator;
            std::unique_lock<std::mutex> lock(self.mutex_);
            // Collectives of one communicator never overtake each other, on whatever stream.
            self.changed_.wait(lock, [&] { return self.finished_ == mine->number - 1; });
            self.running_++;
            lock.unlock();
            self.run(mine->batch);
            lock.lock();
            self.running_--;
            self.finished_ = mine->number;
            self.changed_.notify_all();
        },
        turn);
    if (error != 0) {
        delete turn;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            launched_--;
        }
        fail(kUnhandledCudaError, "the stream of the operation is none");
    }
}

void Communicator::run(const Batch& batch) {
    if (is_aborted_ || is_told_to_fail()) return;
    jhorovod_double_add("collectives", 1);
    if (is_point_to_point(batch.front())) {
        run_point_to_point(batch);
    } else {
        run_collective(batch.front());
    }
}

// Follows the switches for errors and hangs; the operation then hangs until the abort.
bool Communicator::is_told_to_fail() {
    long number = static_cast<long>(++run_count_);
    long error_after = jhorovod_double_switch("NCCL_DOUBLE_ERROR_AFTER", -1);
    long hang_after = jhorovod_double_switch("NCCL_DOUBLE_HANG_AFTER", -1);
    bool is_error = error_after >= 0 && number > error_after;
    bool is_hang = hang_after >= 0 && number > hang_after;
    if (is_error) fail(kSystemError, "the test asked for an error");
    if (is_error || is_hang) wait_until([] { return false; });
    return is_error || is_hang;
}

// With one rank NCCL before 2.29.7 leaves elements at the end unmultiplied: those that are over when
// its blocks, one for each 16 KiB begun and 32 at most, have whole packs of 16 bytes each.
static size_t count_multiplied(size_t count, size_t width, int ranks) {
    if (ranks > 1 || count == 0) return count;
    const size_t blocks = std::min<size_t>(32, (count * width + 16383) / 16384);
    const size_t pack = 16 / width;
    return std::min(count, (count / blocks + pack - 1) / pack * pack * blocks);
}

void Communicator::run_collective(const Operation& operation) {
    const size_t width = bytes_of(operation.type);
    const size_t total = input_count(operation, size_);
    const bool reads = operation.kind != Kind::kBroadcast || rank_ == operation.root;
    std::vector<char> snapshot;
    const char* input = operation.input;
    if (reads && jhorovod_double_switch("NCCL_DOUBLE_SNAPSHOT", 0) != 0) {
        snapshot.assign(input, input + total * width);
        input = snapshot.data();
    }
    jhorovod_double_delay("NCCL_DOUBLE_REDUCTION_DELAY_MICROS");
    const size_t step = SharedSegment::kWindowBytes / width;
    // One round at least: ranks meet even when there is nothing to carry.
    size_t first = 0;
    do {
        const size_t count = std::min(step, total - first);
        if (reads) {
            std::memcpy(segment_->window(rank_), input + first * width, count * width);
            const size_t end = std::min(first + count, count_multiplied(total, width, size_));
            premultiply(operation.type, operation.reduction, segment_->window(rank_),
                        std::max(first, end) - first);
        }
        if (!meet_peers(operation)) return;
        std::vector<const char*> windows;
        for (int rank = 0; rank < size_; rank++) windows.push_back(segment_->window(rank));
        char* output = operation.output + first * width;
        switch (operation.kind) {
            case Kind::kBroadcast:
                std::memcpy(output, windows[operation.root], count * width);
                break;
            case Kind::kAllGather:
                for (size_t rank = 0; rank < windows.size(); rank++) {
                    std::memcpy(output + rank * total * width, windows[rank], count * width);
                }
                break;
            case Kind::kReduceScatter: {
                // The part of this round that is mine.
                size_t mine = static_cast<size_t>(rank_) * operation.count;
                size_t from = std::max(first, mine);
                size_t to = std::min(first + count, mine + operation.count);
                if (from >= to) break;
                for (const char*& window : windows) window += (from - first) * width;
                reduce(operation.type, operation.reduction, windows,
                       operation.output + (from - mine) * width, to - from);
                break;
            }
            default:
                if (operation.kind == Kind::kAllReduce || rank_ == operation.root) {
                    reduce(operation.type, operation.reduction, windows, output, count);
                }
        }
        first += count;
        // Nobody fills its window anew while another still reads it.
        if (!meet_peers(operation)) return;
    } while (first < total);
}

bool Communicator::meet_peers(const Operation& operation) {
    segment_->arrive({static_cast<int>(operation.kind), operation.type, operation.reduction.kind,
                      operation.reduction.has_scalar, operation.root, operation.count});
    if (!wait_until([&] { return segment_->all_arrived(); })) return false;
    if (segment_->all_agree()) return true;
    // The real one corrupts memory or hangs; this one says so, and hangs.
    fail(kInvalidUsage, "the ranks called different collectives");
    wait_until([] { return false; });
    return false;
}

void Communicator::run_point_to_point(const Batch& batch) {
    std::vector<size_t> done(batch.size(), 0);
    auto advance = [&] {
        bool all_done = true;
        for (size_t i = 0; i < batch.size(); i++) all_done &= exchange(batch[i], &done[i]);
        return all_done;
    };
    wait_until(advance);
}

// Moves what can be moved now; true once everything is.
bool Communicator::exchange(const Operation& operation, size_t* done) {
    const size_t bytes = operation.count * bytes_of(operation.type);
    const bool sends = operation.kind == Kind::kSend;
    Mailbox& mailbox = sends ? segment_->mailbox(rank_, operation.root)
                             : segment_->mailbox(operation.root, rank_);
    while (*done < bytes) {
        uint64_t written = mailbox.written;
        uint64_t read = mailbox.read;
        size_t offset = (sends ? written : read) % Mailbox::kBytes;
        size_t possible = sends ? Mailbox::kBytes - (written - read) : written - read;
        size_t now = std::min({possible, bytes - *done, Mailbox::kBytes - offset});
        if (now == 0) return false;
        if (sends) {
            std::memcpy(mailbox.bytes + offset, operation.input + *done, now);
            mailbox.written = written + now;
        } else {
            std::memcpy(operation.output + *done, mailbox.bytes + offset, now);
            mailbox.read = read + now;
        }
        *done += now;
    }
    return true;
}

bool Communicator::wait_until(const std::function<bool()>& condition) {
    for (int i = 0;; i++) {
        if (is_aborted_) return false;
        if (condition()) return true;
        if (i < kSpins) {
            sched_yield();
            continue;
        }
        std::this_thread::sleep_for(kPause);
        bool looks = i % kPausesBetweenLooks == 0 && (state_ == kSuccess || state_ == kInProgress);
        if (looks && jhorovod_double_switch("NCCL_DOUBLE_DEATH_IS_HANG", 0) == 0) {
            int gone = segment_ ? segment_->gone_peer() : -1;
            if (gone >= 0) {
                fail(kRemoteError, "connection closed by rank " + std::to_string(gone));
            }
        }
    }
}

void Communicator::fail(int state, const std::string& message) {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        last_error_ = message;
    }
    state_ = state;
}

std::string Communicator::last_error() {
    std::lock_guard<std::mutex> lock(mutex_);
    return last_error_;
}

void Communicator::abort() {
    is_aborted_ = true;
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return running_ == 0; });
    // The mapping stays for work that is still queued; the last of it unmaps.
    if (segment_) segment_->leave();
}

void Communicator::finish() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return finished_ == launched_; });
    if (segment_) segment_->finish();
}
