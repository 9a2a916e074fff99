/* Times MPI_Allreduce of float32 sums in place: what a program in C gets, for a comparison.
 * Arguments: pairs of a size in KiB and a number of rounds. Rank 0 prints "KiB milliseconds" a size:
 * the median over the rounds of the slowest rank's time, each after a barrier. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#define WARM_UP 3

static int ascending(const void *left, const void *right) {
    double l = *(const double *)left, r = *(const double *)right;
    return (l > r) - (l < r);
}

static void measure(int kibibytes, int rounds, int rank) {
    int count = kibibytes << 8;
    float *elements = calloc(count, sizeof(float));
    double *seconds = malloc(rounds * sizeof(double));
    for (int i = 0; i < count; i++) {
        elements[i] = i % 7 * 1e-9f;
    }
    for (int round = -WARM_UP - rounds / 10; round < rounds; round++) {
        MPI_Barrier(MPI_COMM_WORLD);
        double start = MPI_Wtime();
        MPI_Allreduce(MPI_IN_PLACE, elements, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        if (round >= 0) {
            seconds[round] = MPI_Wtime() - start;
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, seconds, rounds, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    qsort(seconds, rounds, sizeof(double), ascending);
    if (rank == 0) {
        printf("%d %.4f\n", kibibytes, seconds[rounds / 2] * 1e3);
        fflush(stdout);
    }
    free(elements);
    free(seconds);
}

int main(int argc, char **argv) {
    int rank;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int i = 1; i + 1 < argc; i += 2) {
        measure(atoi(argv[i]), atoi(argv[i + 1]), rank);
    }
    MPI_Finalize();
    return 0;
}
