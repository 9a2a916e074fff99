package org.jhorovod.examples;

/**
 * What was trained, and where.
 *
 * @param images training images of a pass
 * @param batch images of a rank and step
 * @param rate SGD's
 * @param ranks processes
 * @param hosts on which they run
 * @param transport between them
 * @param accuracy to be reached on the test images
 * @param seconds of training at most
 */
record SlowLinkHeader(
        long images,
        int batch,
        float rate,
        int ranks,
        int hosts,
        String transport,
        double accuracy,
        int seconds) {}
