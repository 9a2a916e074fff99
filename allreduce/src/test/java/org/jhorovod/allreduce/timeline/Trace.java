package org.jhorovod.allreduce.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a timeline's file holds. */
public record Trace(List<JsonObject> events) {
    private static final double ROUNDING_MICROS = 0.0005;

    /** Reads a file, which must be whole. */
    public static Trace read(Path file) throws IOException {
        List<JsonObject> events = new ArrayList<>();
        for (JsonElement each : JsonParser.parseString(Files.readString(file)).getAsJsonArray()) {
            events.add(each.getAsJsonObject());
        }
        return new Trace(events);
    }

    /** Events of a phase and a name. */
    public List<JsonObject> of(String phase, String name) {
        return events.stream()
                .filter(e -> e.get("ph").getAsString().equals(phase))
                .filter(e -> e.get("name").getAsString().equals(name))
                .toList();
    }

    /** The tensor of an event. */
    public static String tensor(JsonObject event) {
        JsonElement tensor = event.getAsJsonObject("args").get("tensor");
        return tensor == null ? "" : tensor.getAsString();
    }

    /** When it begins, in microseconds. */
    public static double start(JsonObject event) {
        return event.get("ts").getAsDouble();
    }

    /** When it ends, in microseconds. */
    public static double end(JsonObject event) {
        return start(event) + event.get("dur").getAsDouble();
    }

    /** Checks that each two spans of a thread lie apart, or one in the other. */
    public void requireNesting() {
        Map<String, List<JsonObject>> byThread = new TreeMap<>();
        for (JsonObject event : events) {
            if (event.get("ph").getAsString().equals("X")) {
                String thread = event.get("pid") + "/" + event.get("tid");
                byThread.computeIfAbsent(thread, key -> new ArrayList<>()).add(event);
            }
        }
        byThread.values().forEach(Trace::requireNesting);
    }

    private static void requireNesting(List<JsonObject> thread) {
        thread.sort(
                Comparator.comparingDouble(Trace::start)
                        .thenComparing(Comparator.comparingDouble(Trace::end).reversed()));
        List<JsonObject> open = new ArrayList<>();
        for (JsonObject event : thread) {
            while (!open.isEmpty()
                    && end(open.get(open.size() - 1)) <= start(event) + ROUNDING_MICROS) {
                open.remove(open.size() - 1);
            }
            if (!open.isEmpty()) {
                JsonObject around = open.get(open.size() - 1);
                assertThat(end(event))
                        .as("%s in %s", event, around)
                        .isLessThanOrEqualTo(end(around) + ROUNDING_MICROS);
            }
            open.add(event);
        }
    }
}
