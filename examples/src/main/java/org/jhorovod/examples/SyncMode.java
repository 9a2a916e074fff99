package org.jhorovod.examples;

import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;

/** Whose gradients a step uses, and which trainer makes it. */
enum SyncMode {
    /** Those of all ranks: a {@code DistributedTrainer} that averages. */
    ON,
    /** This rank's own: a {@code DistributedTrainer} whose world is this rank alone. */
    OFF,
    /** This rank's own: the trainer of {@code model.newTrainer}. */
    NONE,
    /** Those of all ranks, as with {@link #ON}, but each gradient by itself. */
    SINGLE,
    /**
     * Those of all ranks: the trainer of {@code model.newTrainer}, before whose step each gradient
     * is submitted by its name.
     */
    NAMED,
    /** As with {@link #ON}, while a timeline is written and the flight recorder records. */
    TRACED;

    private static final List<SyncMode> COMPARED = List.of(ON, OFF, NONE);
    private static final List<SyncMode> FUSED_AND_NOT = List.of(ON, SINGLE, NAMED);
    private static final List<SyncMode> TRACED_AND_NOT = List.of(ON, TRACED);

    /** As options, table and JSON name it. */
    String word() {
        return Choice.word(this);
    }

    /** Whether all ranks take the same step. */
    boolean averages() {
        return this != OFF && this != NONE;
    }

    /** Of an option: one mode, or several to be measured in turn. */
    static final class Modes implements ITypeConverter<List<SyncMode>> {
        @Override
        public List<SyncMode> convert(String text) {
            return switch (text.toLowerCase(Locale.ROOT)) {
                case "compare" -> COMPARED;
                case "fusion" -> FUSED_AND_NOT;
                case "tracing" -> TRACED_AND_NOT;
                default -> List.of(Choice.one(text, values(), "compare", "fusion", "tracing"));
            };
        }
    }
}
