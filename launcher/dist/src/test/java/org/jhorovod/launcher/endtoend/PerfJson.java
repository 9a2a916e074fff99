package org.jhorovod.launcher.endtoend;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** What the example allreduce-perf writes with {@code --json}. */
final class PerfJson {

    private PerfJson() {}

    static JsonObject read(Path file) throws IOException {
        return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    }

    /** The bus bandwidth in place of each size, in GB/s. */
    static Map<Long, Double> busBandwidths(JsonObject table) {
        Map<Long, Double> bandwidths = new TreeMap<>();
        for (JsonElement row : table.getAsJsonArray("rows")) {
            JsonObject inPlace = row.getAsJsonObject().getAsJsonObject("inPlace");
            bandwidths.put(
                    row.getAsJsonObject().get("size").getAsLong(),
                    inPlace.get("busbw").getAsDouble());
        }
        return bandwidths;
    }
}
