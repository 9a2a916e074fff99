package org.jhorovod.allreduce.config;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The short forms in which Slurm writes lists of nodes, and of numbers for each of them. */
public final class SlurmList {
    /** More than any cluster has; a list that says more is a mistake. */
    private static final int MOST = 100_000;

    private static final Pattern COUNT = Pattern.compile("([0-9]{1,9})(?:\\(x([0-9]{1,9})\\))?");
    private static final Pattern RANGE = Pattern.compile("([0-9]{1,9})(?:-([0-9]{1,9}))?");
    private static final Pattern NAME_PART = Pattern.compile("[\\p{L}\\p{N}_.-]*");

    private SlurmList() {}

    /**
     * The numbers of {@code 2(x3),1}: 2, 2, 2, 1.
     *
     * @throws IllegalArgumentException saying what cannot be read
     */
    public static List<Integer> counts(String text) {
        List<Integer> counts = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            Matcher matcher = COUNT.matcher(part);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("'%s' is no number of tasks".formatted(part));
            }
            int times = matcher.group(2) == null ? 1 : Integer.parseInt(matcher.group(2));
            requireRoom(counts.size() + (long) times);
            for (int i = 0; i < times; i++) {
                counts.add(Integer.valueOf(matcher.group(1)));
            }
        }
        return List.copyOf(counts);
    }

    /**
     * The nodes of {@code n[1-2,07],login}: n1, n2, n07, login. A name may have several brackets,
     * of which the last counts fastest.
     *
     * @throws IllegalArgumentException saying what cannot be read
     */
    public static List<String> nodes(String text) {
        List<String> nodes = new ArrayList<>();
        for (String word : words(text)) {
            List<String> names = expand(word);
            requireRoom(nodes.size() + (long) names.size());
            nodes.addAll(names);
        }
        return List.copyOf(nodes);
    }

    /** Parts at the commas that stand outside brackets. */
    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        int start = 0;
        boolean isInside = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '[' || c == ']') {
                if (isInside == (c == '[')) {
                    throw new IllegalArgumentException(
                            "the brackets of '%s' do not fit".formatted(text));
                }
                isInside = c == '[';
            } else if (c == ',' && !isInside) {
                words.add(text.substring(start, i));
                start = i + 1;
            }
        }
        if (isInside) {
            throw new IllegalArgumentException("the brackets of '%s' do not fit".formatted(text));
        }
        words.add(text.substring(start));
        return words;
    }

    /** The names of a word whose brackets are known to fit. */
    private static List<String> expand(String word) {
        List<String> names = List.of("");
        // Odd parts stood in brackets.
        String[] parts = word.split("[\\[\\]]", -1);
        for (int i = 0; i < parts.length; i++) {
            names = i % 2 == 0 ? appended(names, parts[i], word) : crossed(names, parts[i]);
        }
        if (names.contains("")) {
            throw new IllegalArgumentException("a node has no name");
        }
        return names;
    }

    private static List<String> appended(List<String> names, String part, String word) {
        if (!NAME_PART.matcher(part).matches()) {
            throw new IllegalArgumentException("'%s' is no name of a node".formatted(word));
        }
        return names.stream().map(name -> name + part).toList();
    }

    private static List<String> crossed(List<String> names, String ranges) {
        List<String> numbers = new ArrayList<>();
        for (String range : ranges.split(",", -1)) {
            addNumbers(range, numbers);
        }
        requireRoom((long) names.size() * numbers.size());
        List<String> crossed = new ArrayList<>();
        for (String name : names) {
            numbers.forEach(number -> crossed.add(name + number));
        }
        return crossed;
    }

    private static void addNumbers(String range, List<String> numbers) {
        Matcher matcher = RANGE.matcher(range);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'%s' is no range of numbers".formatted(range));
        }
        String first = matcher.group(1);
        int start = Integer.parseInt(first);
        int end = matcher.group(2) == null ? start : Integer.parseInt(matcher.group(2));
        if (end < start) {
            throw new IllegalArgumentException("'%s' ends before it starts".formatted(range));
        }
        requireRoom(numbers.size() + (long) end - start + 1);
        for (int number = start; number <= end; number++) {
            String digits = Integer.toString(number);
            // Leading zeros belong to the name.
            numbers.add("0".repeat(Math.max(0, first.length() - digits.length())) + digits);
        }
    }

    private static void requireRoom(long count) {
        if (count > MOST) {
            throw new IllegalArgumentException("it stands for more than %d nodes".formatted(MOST));
        }
    }
}
