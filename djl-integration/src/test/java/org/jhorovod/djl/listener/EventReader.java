package org.jhorovod.djl.listener;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.tensorflow.framework.Summary;
import org.tensorflow.hadoop.util.TFRecordReader;
import org.tensorflow.util.Event;

/** Reads event files with TensorFlow's own classes, which check every checksum. Stateless. */
public final class EventReader {
    private EventReader() {}

    /** The event files of a folder, in the order in which TensorBoard reads them. */
    public static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().contains("tfevents"))
                    .sorted()
                    .toList();
        }
    }

    /** All events of a file. */
    public static List<Event> events(Path file) throws IOException {
        List<Event> events = new ArrayList<>();
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            TFRecordReader reader = new TFRecordReader(in, true);
            for (byte[] record = reader.read(); record != null; record = reader.read()) {
                events.add(Event.parseFrom(record));
            }
        }
        return events;
    }

    /** The figures of each tag by their steps. */
    public static Map<String, Map<Long, Float>> scalars(List<Event> events) {
        Map<String, Map<Long, Float>> scalars = new TreeMap<>();
        for (Event event : events) {
            for (Summary.Value value : event.getSummary().getValueList()) {
                scalars.computeIfAbsent(value.getTag(), tag -> new TreeMap<>())
                        .put(event.getStep(), value.getSimpleValue());
            }
        }
        return scalars;
    }
}
