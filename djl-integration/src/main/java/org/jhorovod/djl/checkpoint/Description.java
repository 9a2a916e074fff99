package org.jhorovod.djl.checkpoint;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a checkpoint holds beside arrays; JSON on disk and between ranks.
 *
 * @param format of the checkpoint; {@link #FORMAT} is the one that this version writes
 * @param step how many updates had been made
 * @param seed from which the order of data and each rank's random numbers are derived
 * @param ranks how many wrote it; a resume may have another number
 * @param position where the training stood in its data
 * @param parameters name, type and shape of the model's parameters, in their order
 * @param parametersFile the file with their elements, which DJL loads
 * @param optimizer the optimizer's state beside its arrays
 * @param outer of which parameters an outer optimizer's velocities are in its file, in their order;
 *     null where a version wrote it that knew none
 * @param owed of which parameters gradients that were not sent yet are in their file, likewise
 */
public record Description(
        int format,
        long step,
        int seed,
        int ranks,
        Position position,
        List<String> parameters,
        String parametersFile,
        Optimizer optimizer,
        @Nullable List<String> outer,
        @Nullable List<String> owed) {
    /** The format that is written, and the newest that is read. */
    public static final int FORMAT = 1;

    private static final Gson JSON = new GsonBuilder().setPrettyPrinting().create();

    /**
     * Where a training stands in its data.
     *
     * @param epochs passes with steps that came to their end before this one
     * @param firstPass the number of the first pass with steps; -1 before it
     * @param pass the number of the pass that it is in, or was in last; -1 before the first
     * @param samples how many of its order's samples were stepped, over all ranks
     * @param fingerprint of that order
     * @param nextPass the number of the next pass that is opened, after this one or inside it
     */
    public record Position(
            int epochs, long firstPass, long pass, long samples, long fingerprint, long nextPass) {
        /** Before any data. */
        public static final Position START = new Position(0, -1, -1, 0, 0, 0);
    }

    /**
     * What an optimizer counts.
     *
     * @param type its class
     * @param updates the number of the last update, by which learning rates are chosen
     * @param counts how often each parameter was updated, by its name
     * @param arrays what the arrays in the optimizer's file are, in their order
     */
    public record Optimizer(
            String type, int updates, Map<String, Integer> counts, List<String> arrays) {

        /** As text. */
        public String encode() {
            return JSON.toJson(this);
        }

        /** Reads a text of another rank. */
        public static Optimizer decode(String text) {
            return JSON.fromJson(text, Optimizer.class);
        }
    }

    /** As text. */
    public String encode() {
        return JSON.toJson(this);
    }

    /**
     * Reads a text.
     *
     * @throws CheckpointException if it is none of ours
     */
    public static Description decode(String text) {
        Description description;
        try {
            description = JSON.fromJson(text, Description.class);
        } catch (JsonParseException e) {
            throw new CheckpointException("its description cannot be read: " + e.getMessage(), e);
        }
        if (description == null || description.format() < 1) {
            throw new CheckpointException("its description does not say which format it has");
        }
        if (description.format() > FORMAT) {
            throw new CheckpointException(
                    "it has format %d, but this version of JHorovod reads formats up to %d; resume with the version that wrote it"
                            .formatted(description.format(), FORMAT));
        }
        return description;
    }
}
