// Test double, holds no GPU: switches and counters.
#include "switches.h"

#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

namespace {

// Never destroyed: worker threads outlive main.
struct Table {
    std::mutex mutex;
    std::map<std::string, long> values;
};

Table& switches() {
    static Table* table = new Table();
    return *table;
}

Table& counters() {
    static Table* table = new Table();
    return *table;
}

}  // namespace

EXPORTED void jhorovod_double_set(const char* name, long value) {
    std::lock_guard<std::mutex> lock(switches().mutex);
    switches().values[name] = value;
}

EXPORTED long jhorovod_double_switch(const char* name, long default_value) {
    {
        std::lock_guard<std::mutex> lock(switches().mutex);
        auto found = switches().values.find(name);
        if (found != switches().values.end()) return found->second;
    }
    const char* text = std::getenv(name);
    return text == nullptr ? default_value : std::atol(text);
}

EXPORTED long jhorovod_double_count(const char* what) {
    std::lock_guard<std::mutex> lock(counters().mutex);
    auto found = counters().values.find(what);
    return found == counters().values.end() ? 0 : found->second;
}

EXPORTED void jhorovod_double_add(const char* what, long change) {
    std::lock_guard<std::mutex> lock(counters().mutex);
    counters().values[what] += change;
}

EXPORTED void jhorovod_double_delay(const char* name) {
    long micros = jhorovod_double_switch(name, 0);
    if (micros > 0) std::this_thread::sleep_for(std::chrono::microseconds(micros));
}
