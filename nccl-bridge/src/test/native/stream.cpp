// Test double, holds no GPU: streams, and the rules between them.
#include "stream.h"

#include <map>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "current_device.h"

namespace {

// Never destroyed: worker threads outlive main.
struct Streams {
    std::mutex mutex;
    std::map<void*, std::shared_ptr<Stream>> created;
    std::map<int, std::shared_ptr<Stream>> defaults;
};

Streams& streams() {
    static Streams* instance = new Streams();
    return *instance;
}

void* const kLegacyHandle = reinterpret_cast<void*>(0x1);

std::shared_ptr<Stream> default_stream(int device) {
    std::shared_ptr<Stream>& found = streams().defaults[device];
    if (!found) found = Stream::start(device, false);
    return found;
}

}  // namespace

std::shared_ptr<Stream> Stream::start(int device, bool waits_for_default) {
    std::shared_ptr<Stream> stream(new Stream(device, waits_for_default));
    std::thread([stream] { stream->run(); }).detach();
    return stream;
}

uint64_t Stream::add(Work work) {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(work));
    changed_.notify_all();
    return ++added_;
}

uint64_t Stream::last_added() {
    std::lock_guard<std::mutex> lock(mutex_);
    return added_;
}

bool Stream::is_done(uint64_t number) {
    std::lock_guard<std::mutex> lock(mutex_);
    return done_ >= number;
}

void Stream::await(uint64_t number) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return done_ >= number; });
}

void Stream::end() {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
    changed_.notify_all();
}

void Stream::run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
        changed_.wait(lock, [&] { return ending_ || !queue_.empty(); });
        if (queue_.empty()) return;
        Work work = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        work();
        work = nullptr;
        lock.lock();
        done_++;
        changed_.notify_all();
    }
}

std::shared_ptr<Stream> find_stream(void* handle, int device) {
    std::lock_guard<std::mutex> lock(streams().mutex);
    if (handle == nullptr || handle == kLegacyHandle) return default_stream(device);
    auto found = streams().created.find(handle);
    return found == streams().created.end() ? nullptr : found->second;
}

void* create_stream(int device, bool waits_for_default) {
    std::shared_ptr<Stream> stream = Stream::start(device, waits_for_default);
    std::lock_guard<std::mutex> lock(streams().mutex);
    streams().created[stream.get()] = stream;
    jhorovod_double_add("streams", 1);
    return stream.get();
}

bool destroy_stream(void* handle) {
    std::lock_guard<std::mutex> lock(streams().mutex);
    auto found = streams().created.find(handle);
    if (found == streams().created.end()) return false;
    found->second->end();
    streams().created.erase(found);
    jhorovod_double_add("streams", -1);
    return true;
}

uint64_t add_in_order(const std::shared_ptr<Stream>& stream, Work work) {
    std::vector<std::pair<std::shared_ptr<Stream>, uint64_t>> earlier;
    // Held until the work is added: another thread's work comes wholly before or after.
    std::lock_guard<std::mutex> lock(streams().mutex);
    std::shared_ptr<Stream> legacy = default_stream(stream->device());
    if (stream == legacy) {
        for (auto& [handle, other] : streams().created) {
            if (other->waits_for_default() && other->device() == stream->device()) {
                earlier.emplace_back(other, other->last_added());
            }
        }
    } else if (stream->waits_for_default()) {
        earlier.emplace_back(legacy, legacy->last_added());
    }
    return stream->add([earlier = std::move(earlier), work = std::move(work)] {
        for (auto& [other, number] : earlier) other->await(number);
        work();
    });
}

void await_device(int device) {
    std::vector<std::pair<std::shared_ptr<Stream>, uint64_t>> all;
    {
        std::lock_guard<std::mutex> lock(streams().mutex);
        std::shared_ptr<Stream> legacy = default_stream(device);
        all.emplace_back(legacy, legacy->last_added());
        for (auto& [handle, stream] : streams().created) {
            if (stream->device() == device) all.emplace_back(stream, stream->last_added());
        }
    }
    for (auto& [stream, number] : all) stream->await(number);
}

EXPORTED int jhorovod_double_enqueue(void* handle, void (*work)(void*), void* argument) {
    std::shared_ptr<Stream> stream = find_stream(handle, current_device());
    if (!stream) return 400;
    add_in_order(stream, [work, argument] { work(argument); });
    return 0;
}
