package org.jhorovod.allreduce.timeline;

import java.util.List;

/**
 * Which tensors run as one collective.
 *
 * @param count how many; 1 where one runs by itself
 * @param names of the first of them, and how many more there are; empty where one runs by itself
 */
public record FusedTensors(int count, String names) {
    /** A tensor by itself. */
    public static final FusedTensors NONE = new FusedTensors(1, "");

    private static final int MOST_NAMES = 16;
    // With one name of the longest, and the rest of the text, less than a letter's text holds.
    private static final int MOST_CHARACTERS = 500;

    /** Several, in the order in which they are packed. */
    public static FusedTensors of(List<String> names) {
        StringBuilder text = new StringBuilder();
        int shown = 0;
        while (shown < Math.min(names.size(), MOST_NAMES)) {
            String name = names.get(shown);
            if (shown > 0 && text.length() + name.length() > MOST_CHARACTERS) {
                break;
            }
            text.append(shown == 0 ? "" : ", ").append(name);
            shown++;
        }
        if (shown < names.size()) {
            text.append(" and ").append(names.size() - shown).append(" more");
        }
        return new FusedTensors(names.size(), text.toString());
    }

    boolean areSeveral() {
        return count > 1;
    }
}
