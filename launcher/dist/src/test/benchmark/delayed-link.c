/*
 * A line between two network namespaces, with a rate and a delay each way, for kernels without netem.
 *
 *   delayed-link NAMESPACE_A NAMESPACE_B DEVICE MBIT_PER_SECOND MILLISECONDS
 *
 * Makes the tun device DEVICE in both namespaces, says "ready", and carries packets until it is ended.
 * One thread each way. A packet that comes in is sent when those before it have left the line at its
 * rate, and is delivered so many milliseconds later. One that would wait for more than 100 ms is dropped,
 * as by a router whose buffer is full.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_PACKET = 2048, RING = 1 << 15, AT_ONCE = 64 };

static const int64_t SECOND = 1000000000;
static const int64_t LONGEST_WAIT = 100000000; /* ns */

struct packet {
    int64_t due;
    int length;
    unsigned char bytes[LONGEST_PACKET];
};

struct way {
    int from;
    int to;
    double nanos_per_byte;
    int64_t delay;
    struct packet *ring; /* in the order of their due times */
    uint64_t oldest, next;
    int64_t line_free; /* when the last packet so far has left */
};

static void fail(const char *what) {
    fprintf(stderr, "delayed-link: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

static int open_device(const char *namespace, const char *device) {
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", namespace);
    int entered = open(path, O_RDONLY | O_CLOEXEC);
    if (entered < 0 || setns(entered, CLONE_NEWNET) < 0) fail(path);
    close(entered);
    int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tun < 0) fail("/dev/net/tun");
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
    if (ioctl(tun, TUNSETIFF, &request) < 0) fail(device);
    return tun;
}

/* Takes what has come in, as far as it does not have to wait for too long. */
static void take(struct way *w) {
    for (int i = 0; i < AT_ONCE && w->next - w->oldest < RING; i++) {
        struct packet *p = &w->ring[w->next % RING];
        p->length = (int)read(w->from, p->bytes, sizeof p->bytes);
        if (p->length <= 0) return;
        int64_t in = now();
        int64_t starts = w->line_free > in ? w->line_free : in;
        if (starts - in > LONGEST_WAIT) continue;
        w->line_free = starts + (int64_t)(p->length * w->nanos_per_byte);
        p->due = w->line_free + w->delay;
        w->next++;
    }
}

static void deliver(struct way *w) {
    while (w->oldest < w->next && w->ring[w->oldest % RING].due <= now()) {
        struct packet *p = &w->ring[w->oldest++ % RING];
        /* A receiver that is not up yet loses it, as it would on a line. */
        if (write(w->to, p->bytes, p->length) < 0 && errno != EIO && errno != EAGAIN) fail("write");
    }
}

static void *carry(void *argument) {
    struct way *w = argument;
    prctl(PR_SET_TIMERSLACK, 10000L); /* of this thread: 10 us */
    for (;;) {
        take(w);
        deliver(w);
        struct pollfd in = {.fd = w->from, .events = POLLIN};
        struct timespec wait = {0};
        if (w->oldest < w->next) {
            int64_t left = w->ring[w->oldest % RING].due - now();
            if (left < 0) left = 0;
            wait.tv_sec = left / SECOND;
            wait.tv_nsec = left % SECOND;
        }
        if (ppoll(&in, 1, w->oldest < w->next ? &wait : NULL, NULL) < 0 && errno != EINTR)
            fail("poll");
    }
    return NULL;
}

int main(int count, char **words) {
    if (count != 6 || atof(words[4]) <= 0 || atof(words[5]) < 0) {
        fprintf(stderr, "delayed-link NAMESPACE_A NAMESPACE_B DEVICE MBIT_PER_SECOND MILLISECONDS\n");
        return 2;
    }
    int a = open_device(words[1], words[3]);
    int b = open_device(words[2], words[3]);
    for (int i = 0; i < 2; i++) {
        struct way *w = calloc(1, sizeof *w);
        if (!w || !(w->ring = calloc(RING, sizeof *w->ring))) fail("memory");
        w->from = i ? b : a;
        w->to = i ? a : b;
        w->nanos_per_byte = 8e3 / atof(words[4]);
        w->delay = (int64_t)(atof(words[5]) * 1e6);
        pthread_t thread;
        if ((errno = pthread_create(&thread, NULL, carry, w))) fail("thread");
    }
    puts("ready");
    fflush(stdout);
    for (;;) pause();
}
