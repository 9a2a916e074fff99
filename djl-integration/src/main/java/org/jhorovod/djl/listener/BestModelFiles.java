package org.jhorovod.djl.listener;

import ai.djl.Model;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jhorovod.djl.ModelFile;

/*
 * Note [When the job is killed while the best model is saved]
 *
 * The new model is written into a hidden file beside, and moved to its place; then the note
 * of its figure is replaced; then the earlier model is deleted. Until the note is replaced, the
 * earlier model counts, and both are whole. DJL loads the one of the higher epoch: that is the new
 * one, or, where epochs are counted afresh, may be the earlier.
 */

/** The best model of one name in a folder, and the note of how good it is. */
final class BestModelFiles {
    private final Path folder;
    private final String name;
    private final Path note;

    BestModelFiles(Path folder, String name) {
        this.folder = folder;
        this.name = name;
        this.note = folder.resolve(name + ".figure");
    }

    Path note() {
        return note;
    }

    /** Where the model is, under the name by which DJL saves and finds that of an epoch. */
    Path fileOf(BestFigure best) {
        return folder.resolve(ModelFile.name(name, best.epoch()));
    }

    /**
     * What the note says, of a model that is there.
     *
     * @throws IOException if there is a note and it cannot be read
     */
    Optional<BestFigure> read() throws IOException {
        if (Files.notExists(note)) {
            return Optional.empty();
        }
        BestFigure best = BestFigure.parse(text()).orElseThrow(this::damaged);
        return Files.exists(fileOf(best)) ? Optional.of(best) : Optional.empty();
    }

    private String text() throws IOException {
        try {
            return Files.readString(note);
        } catch (MalformedInputException e) {
            throw damaged();
        }
    }

    private IOException damaged() {
        return new IOException(
                "%s is damaged: it does not say how good the best model is. Remove it to start afresh."
                        .formatted(note));
    }

    /** Saves a model as the best one, in place of the one before, if any. */
    void keep(Model model, BestFigure best, Optional<BestFigure> before) throws IOException {
        Files.createDirectories(folder);
        String figure = String.format(Locale.ROOT, "%.5f", best.figure());
        AtomicFile.write(
                fileOf(best),
                folder.resolve("." + name + ".params.new"),
                out ->
                        ModelFile.write(
                                model, name, best.epoch(), Map.of(best.evaluator(), figure), out));
        AtomicFile.write(
                note,
                folder.resolve("." + name + ".figure.new"),
                out -> out.write(best.text().getBytes(StandardCharsets.UTF_8)));
        if (before.isPresent() && !fileOf(before.get()).equals(fileOf(best))) {
            Files.deleteIfExists(fileOf(before.get()));
        }
    }
}
