// Test double, holds no GPU: libcuda.so.1, which the bindings want to see and nobody calls.
extern "C" __attribute__((visibility("default"))) const char* jhorovod_is_double() {
    return "JHorovod's test double of the CUDA driver; there is no GPU";
}
