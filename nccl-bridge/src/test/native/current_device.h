// Test double, holds no GPU: the device that cudaSetDevice chose for the calling thread.
#pragma once

int current_device();
