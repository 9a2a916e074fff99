package org.jhorovod.examples;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.TypeConversionException;

/**
 * What an option chooses by a word: one value of an enum, or all of them.
 *
 * @param values in the enum's order
 */
record Choice<E extends Enum<E>>(List<E> values) {

    /**
     * The value that a word names, in whatever case.
     *
     * @param others words that the caller knows, for the message
     * @throws TypeConversionException if there is none
     */
    static <E extends Enum<E>> E one(String text, E[] values, String... others) {
        List<String> words = new ArrayList<>(words(values));
        words.addAll(List.of(others));
        return Arrays.stream(values)
                .filter(value -> word(value).equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() -> isNone(text, words));
    }

    /**
     * The value that a word names, or all.
     *
     * @param all the word for all of them
     * @throws TypeConversionException if it names neither
     */
    static <E extends Enum<E>> Choice<E> oneOrAll(String text, E[] values, String all) {
        List<E> chosen =
                Arrays.stream(values)
                        .filter(
                                value ->
                                        all.equalsIgnoreCase(text)
                                                || word(value).equalsIgnoreCase(text))
                        .toList();
        if (chosen.isEmpty()) {
            List<String> words = new ArrayList<>(words(values));
            words.add(all);
            throw isNone(text, words);
        }
        return new Choice<>(chosen);
    }

    /** A value as options, tables and JSON name it. */
    static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static List<String> words(Enum<?>[] values) {
        return Arrays.stream(values).map(Choice::word).toList();
    }

    private static TypeConversionException isNone(String text, List<String> words) {
        return new TypeConversionException(
                "'%s' is none of %s".formatted(text, String.join(", ", words)));
    }
}
