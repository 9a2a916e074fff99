// Times Gloo's ring all-reduce of float32 sums in place over TCP on the loopback device, as
// mpi_allreduce.c times MPI's, with the same output. Started by mpirun, which tells it rank and size.
// Arguments: a folder for Gloo's store, empty at first; pairs of a size in KiB and a number of rounds.
#include <gloo/allreduce.h>
#include <gloo/barrier.h>
#include <gloo/math.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/file_store.h>
#include <gloo/transport/tcp/device.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

using Context = std::shared_ptr<gloo::rendezvous::Context>;

template <typename T>
static void allReduce(const Context& context, std::vector<T>& elements,
                      void (*reduce)(void*, const void*, const void*, size_t)) {
    gloo::AllreduceOptions options(context);
    options.setAlgorithm(gloo::AllreduceOptions::Algorithm::RING);
    options.setOutput(elements.data(), elements.size());
    options.setReduceFunction(reduce);
    gloo::allreduce(options);
}

static void measure(const Context& context, int kibibytes, int rounds) {
    std::vector<float> elements(static_cast<size_t>(kibibytes) << 8);
    for (size_t i = 0; i < elements.size(); i++) {
        elements[i] = static_cast<float>(i % 7) * 1e-9f;
    }
    std::vector<double> seconds(rounds);
    for (int round = -3 - rounds / 10; round < rounds; round++) {
        gloo::BarrierOptions barrier(context);
        gloo::barrier(barrier);
        auto start = std::chrono::steady_clock::now();
        allReduce<float>(context, elements, &gloo::sum<float>);
        std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        if (round >= 0) {
            seconds[round] = taken.count();
        }
    }
    allReduce<double>(context, seconds, &gloo::max<double>);
    std::sort(seconds.begin(), seconds.end());
    if (context->rank == 0) {
        std::printf("%d %.4f\n", kibibytes, seconds[rounds / 2] * 1e3);
        std::fflush(stdout);
    }
}

int main(int argc, char** argv) {
    const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
    const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
    if (argc < 4 || rank == nullptr || size == nullptr) {
        std::fprintf(stderr, "mpirun -np RANKS %s FOLDER KIB ROUNDS ...\n", argv[0]);
        return 2;
    }
    gloo::transport::tcp::attr attributes;
    attributes.iface = "lo";
    auto device = gloo::transport::tcp::CreateDevice(attributes);
    gloo::rendezvous::FileStore store(argv[1]);
    auto context = std::make_shared<gloo::rendezvous::Context>(std::atoi(rank), std::atoi(size));
    context->connectFullMesh(store, device);
    for (int i = 2; i + 1 < argc; i += 2) {
        measure(context, std::atoi(argv[i]), std::atoi(argv[i + 1]));
    }
    return 0;
}
