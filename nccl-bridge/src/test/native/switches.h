// Test double, holds no GPU: what a test can make it do, and what it has counted.
#pragma once

#include <chrono>
#include <string>

#define EXPORTED extern "C" __attribute__((visibility("default")))

// Sets a switch of this process; the name is that of the environment variable.
EXPORTED void jhorovod_double_set(const char* name, long value);

// The value of a switch: what was set, else the environment's, else the default.
EXPORTED long jhorovod_double_switch(const char* name, long default_value);

// What has been counted under a name, such as "host waits"; 0 if nothing.
EXPORTED long jhorovod_double_count(const char* what);

// Adds to a counter.
EXPORTED void jhorovod_double_add(const char* what, long change);

// Lets the calling thread sleep for the microseconds of a switch.
EXPORTED void jhorovod_double_delay(const char* name);
