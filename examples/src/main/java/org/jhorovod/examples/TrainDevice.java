package org.jhorovod.examples;

import ai.djl.Device;

/** What each rank computes its steps on. */
enum TrainDevice {
    CPU,
    /** The first that the rank sees; jhorovodrun lets it see its own alone. */
    GPU;

    /** DJL's name for it. */
    Device device() {
        return switch (this) {
            case CPU -> Device.cpu();
            case GPU -> Device.gpu(0);
        };
    }

    /** As options, table and JSON name it. */
    String word() {
        return Choice.word(this);
    }
}
