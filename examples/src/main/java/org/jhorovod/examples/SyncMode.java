package org.jhorovod.examples;

/** Whose gradients a step uses, and which trainer makes it. */
enum SyncMode {
    /** Those of all ranks: a {@code DistributedTrainer} that averages. */
    ON,
    /** This rank's own: a {@code DistributedTrainer} whose world is this rank alone. */
    OFF,
    /** This rank's own: the trainer of {@code model.newTrainer}. */
    NONE;

    /** As options, table and JSON name it. */
    String word() {
        return Choice.word(this);
    }
}
