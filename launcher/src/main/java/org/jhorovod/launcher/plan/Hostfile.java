package org.jhorovod.launcher.plan;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Reads a hostfile: one host a line, as {@code NAME}, {@code NAME slots=N} or {@code NAME:N}, where
 * an IPv6 address stands in brackets if {@code :N} follows. What comes after # is a comment. MPI's
 * {@code max_slots=N} is checked and otherwise of no effect, as no host gets more ranks than slots.
 */
public final class Hostfile {
    private static final String BLANKS = "\\s+";
    private static final Pattern EQUALS = Pattern.compile("\\s*=\\s*");
    private static final String BYTE_ORDER_MARK = "\uFEFF"; // some editors begin a file with it

    private Hostfile() {}

    /**
     * Reads the lines of a hostfile.
     *
     * @param name of the file, for messages
     * @throws IllegalArgumentException naming the file, the line, and what cannot be read there
     */
    public static List<HostSlots> parse(String name, List<String> lines) {
        HostList list = new HostList();
        for (int i = 0; i < lines.size(); i++) {
            String line = content(lines.get(i));
            if (line.isEmpty()) {
                continue;
            }
            try {
                HostWord word = HostWord.parse(line.split(BLANKS, -1)[0]);
                list.add(word, slots(word, line));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "%s, line %d: %s".formatted(name, i + 1, e.getMessage()), e);
            }
        }
        if (list.hosts().isEmpty()) {
            throw new IllegalArgumentException(
                    "%s names no host; write one a line, such as: host1 slots=2".formatted(name));
        }
        return list.hosts();
    }

    private static String content(String line) {
        int comment = line.indexOf('#');
        String text = comment < 0 ? line : line.substring(0, comment);
        return EQUALS.matcher(text.replace(BYTE_ORDER_MARK, "").strip()).replaceAll("=");
    }

    private static int slots(HostWord word, String line) {
        Map<String, Integer> numbers = numbers(line);
        if (word.slots().isPresent() && numbers.containsKey("slots")) {
            throw new IllegalArgumentException(
                    "'%s' gives the slots twice; write slots=N once".formatted(line));
        }
        int slots = numbers.getOrDefault("slots", word.slots().orElse(1));
        int mostSlots = numbers.getOrDefault("max_slots", Integer.MAX_VALUE);
        if (slots > mostSlots) {
            throw new IllegalArgumentException(
                    "slots=%d is more than max_slots=%d; correct either"
                            .formatted(slots, mostSlots));
        }
        return slots;
    }

    /** What follows the host. */
    private static Map<String, Integer> numbers(String line) {
        String[] words = line.split(BLANKS, -1);
        Map<String, Integer> numbers = new HashMap<>();
        for (String word : Arrays.asList(words).subList(1, words.length)) {
            int equals = word.indexOf('=');
            String key =
                    word.substring(0, Math.max(0, equals))
                            .toLowerCase(Locale.ROOT)
                            .replace('-', '_');
            if (!key.equals("slots") && !key.equals("max_slots")) {
                throw new IllegalArgumentException(
                        "'%s' is not understood; write NAME slots=N".formatted(word));
            }
            int number = HostWord.parseSlots(word.substring(equals + 1), line);
            if (numbers.put(key, number) != null) {
                throw new IllegalArgumentException(
                        "'%s' gives %s twice; give it once".formatted(line, key));
            }
        }
        return numbers;
    }
}
