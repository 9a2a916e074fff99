package org.jhorovod.allreduce.timeline;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/*
 * An array of Chrome's trace events, which Perfetto reads too: a process is a rank, a thread one of its
 * tracks, "X" a span, "b" and "e" the ends of what overlaps, "i" an instant, "M" a name. Times are
 * microseconds. Each write ends with the closing bracket, over which the next one begins, so the file is
 * whole whenever the job ends.
 */
/** The file that holds the timeline of all ranks. Owned by one thread. */
final class TraceFile implements AutoCloseable {
    private static final String END = "\n]\n";

    private final FileChannel channel;
    private final Map<String, Integer> threads = new HashMap<>(); // by rank and track
    private final Set<Integer> processes = new HashSet<>();
    private long endPosition; // of the last event
    private boolean isEmpty = true;
    private long lastId;

    /** Something that writes an event's fields. */
    private interface Fields {
        void writeTo(JsonWriter json) throws IOException;
    }

    private TraceFile(FileChannel channel) {
        this.channel = channel;
    }

    /** Begins a file, in place of what it held; makes its folder. */
    static TraceFile create(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        TraceFile created =
                new TraceFile(
                        FileChannel.open(
                                file,
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE,
                                StandardOpenOption.TRUNCATE_EXISTING));
        created.append("[");
        return created;
    }

    /**
     * Adds what has happened on a rank.
     *
     * @param host of the rank
     * @param events on rank 0's clock
     */
    void write(int rank, String host, List<Event> events) throws IOException {
        StringBuilder text = new StringBuilder();
        if (processes.add(rank)) {
            add(
                    text,
                    json ->
                            metadata(
                                    json, "process_name", rank, 0, "rank " + rank + " on " + host));
            add(text, json -> sortIndex(json, rank));
        }
        for (Event event : events) {
            int thread = thread(text, rank, event.track());
            long id = event.kind() == Event.Kind.OVERLAPPING ? ++lastId : 0;
            switch (event.kind()) {
                case SPAN -> add(text, json -> span(json, rank, thread, event));
                case INSTANT -> add(text, json -> instant(json, rank, thread, event));
                case OVERLAPPING -> {
                    long end = event.startNanos() + event.durationNanos();
                    add(text, json -> side(json, "b", rank, thread, event, event.startNanos(), id));
                    add(text, json -> side(json, "e", rank, thread, event, end, id));
                }
            }
        }
        append(text.toString());
    }

    private int thread(StringBuilder text, int rank, String track) throws IOException {
        String key = rank + "/" + track;
        Integer known = threads.get(key);
        if (known != null) {
            return known;
        }
        int thread = threads.size() + 1;
        threads.put(key, thread);
        add(text, json -> metadata(json, "thread_name", rank, thread, track));
        return thread;
    }

    private void add(StringBuilder text, Fields fields) throws IOException {
        StringWriter one = new StringWriter();
        JsonWriter json = new JsonWriter(one);
        json.beginObject();
        fields.writeTo(json);
        json.endObject();
        text.append(isEmpty ? "\n" : ",\n").append(one);
        isEmpty = false;
    }

    private static void metadata(JsonWriter json, String what, int rank, int thread, String text)
            throws IOException {
        json.name("name").value(what).name("ph").value("M").name("pid").value(rank);
        json.name("tid").value(thread).name("args").beginObject();
        json.name("name").value(text).endObject();
    }

    private static void sortIndex(JsonWriter json, int rank) throws IOException {
        json.name("name").value("process_sort_index").name("ph").value("M");
        json.name("pid").value(rank).name("tid").value(0).name("args").beginObject();
        json.name("sort_index").value(rank).endObject();
    }

    private static void span(JsonWriter json, int rank, int thread, Event event)
            throws IOException {
        begin(json, "X", rank, thread, event, event.startNanos());
        json.name("dur").value(micros(event.durationNanos()));
    }

    private static void instant(JsonWriter json, int rank, int thread, Event event)
            throws IOException {
        begin(json, "i", rank, thread, event, event.startNanos());
        json.name("s").value("t");
    }

    private static void side(
            JsonWriter json, String phase, int rank, int thread, Event event, long nanos, long id)
            throws IOException {
        begin(json, phase, rank, thread, event, nanos);
        json.name("id").value(id);
    }

    private static void begin(
            JsonWriter json, String phase, int rank, int thread, Event event, long nanos)
            throws IOException {
        json.name("name").value(event.name()).name("cat").value(event.track());
        json.name("ph").value(phase).name("pid").value(rank).name("tid").value(thread);
        json.name("ts").value(micros(nanos)).name("args").beginObject();
        if (!event.tensor().isEmpty()) {
            json.name("tensor").value(event.tensor());
        }
        if (event.byteCount() > 0) {
            json.name("bytes").value(event.byteCount());
        }
        FusedTensors fused = event.detail().fused();
        if (fused.areSeveral()) {
            json.name("tensors").value(fused.count()).name("names").value(fused.names());
        }
        json.endObject();
    }

    private static BigDecimal micros(long nanos) {
        return BigDecimal.valueOf(nanos, 3);
    }

    private void append(String text) throws IOException {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text + END);
        long next = endPosition + bytes.remaining() - END.length();
        try {
            write(bytes, endPosition);
        } catch (IOException e) {
            // A full disk, say: what was there before stays a whole file.
            channel.truncate(endPosition);
            write(StandardCharsets.UTF_8.encode(END), endPosition);
            throw e;
        }
        endPosition = next;
    }

    private void write(ByteBuffer bytes, long first) throws IOException {
        long position = first;
        while (bytes.hasRemaining()) {
            position += channel.write(bytes, position);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
