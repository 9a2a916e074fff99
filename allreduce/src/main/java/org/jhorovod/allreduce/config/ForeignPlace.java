package org.jhorovod.allreduce.config;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** What a launcher that is not ours says of a rank's place, in place of settings of ours. */
final class ForeignPlace {
    /** A value, and the variable that it comes from. */
    private record Word(String variable, String text) {}

    private final Map<String, String> values = new HashMap<>(); // by variable
    private final Map<String, Word> words = new HashMap<>(); // by the names of our settings

    /** Knows these variables, as far as they are there, and no setting yet. */
    ForeignPlace(List<String> variables, UnaryOperator<@Nullable String> environment) {
        for (String variable : variables) {
            String value = environment.apply(variable);
            if (value != null) {
                values.put(variable, value.strip());
            }
        }
    }

    /** Whether it knows all of these. */
    boolean has(List<String> variables) {
        return values.keySet().containsAll(variables);
    }

    /** The value of a variable that is there. */
    String value(String variable) {
        String value = values.get(variable);
        if (value == null) {
            throw new IllegalStateException("bug: nobody has asked for " + variable);
        }
        return value;
    }

    /** A setting has the value of this variable. */
    void take(Setting<?> setting, String variable) {
        put(setting, variable, value(variable));
    }

    /** A setting has this value, for which the variable stands in messages. */
    void put(Setting<?> setting, String variable, Object value) {
        words.put(setting.name(), new Word(variable, value.toString()));
    }

    /** The variable that stands in for a setting of ours, or null. */
    @Nullable String variableFor(Setting<?> setting) {
        Word word = words.get(setting.name());
        return word == null ? null : word.variable();
    }

    /** The text of a setting of ours, or null. */
    @Nullable String textFor(Setting<?> setting) {
        Word word = words.get(setting.name());
        return word == null ? null : word.text();
    }
}
