package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two sites of two ranks each: gradients are averaged inside a site in each step, and what goes
 * over the line between them is counted at their network devices. The long form ({@code -Plong})
 * takes the full Fashion-MNIST.
 */
@Timeout(1800)
class TwoSitesIT {
    private static final boolean IS_LONG = Boolean.getBoolean("jhorovod.test.long");
    private static final List<String> DATA =
            IS_LONG
                    ? List.of("--accuracy=0.87", "--data=/usr/share/datasets/fashion-mnist")
                    : List.of("--accuracy=0.81");

    @TempDir static Path folder;
    private static Hosts hosts;

    @BeforeAll
    static void makeHosts() throws Exception {
        hosts = Hosts.create(2, folder);
    }

    @AfterAll
    static void removeHosts() throws Exception {
        if (hosts != null) {
            hosts.close();
        }
    }

    @Test
    void localSteps_sendAHundredthOfPlainAllReduce_toTheSameAccuracy() throws Exception {
        Path json = folder.resolve("ways.json");
        Jhorovodrun.Result result =
                hosts.jhorovodrun(1, words(json)).run(Duration.ofMinutes(IS_LONG ? 25 : 5));

        assertThat(result.code()).as(result.out() + result.err()).isZero();
        assertThat(result.out()).contains("4 ranks on 2 hosts", "tcp");
        Map<String, Long> sent = new TreeMap<>();
        for (JsonElement way : PerfJson.read(json).getAsJsonArray("ways")) {
            JsonObject row = way.getAsJsonObject();
            assertThat(row.has("seconds")).as("reached its accuracy: %s", row).isTrue();
            sent.put(row.get("way").getAsString(), row.get("sentBytes").getAsLong());
        }
        System.out.println("bytes over the line to one accuracy: " + sent);
        long local = Objects.requireNonNull(sent.get("local:64,int4"));
        assertThat(sent.get("plain")).isGreaterThan(100 * local);
    }

    private static String[] words(Path json) {
        List<String> words = new ArrayList<>(List.of("-H", "host1:2,host2:2"));
        words.addAll(List.of("-x", "JAVA_TOOL_OPTIONS=" + Jhorovodrun.QUICK_STARTS));
        words.addAll(List.of("--example", "slow-link", "--"));
        words.addAll(List.of("--way=plain", "--way=local:64,int4", "--seconds=600"));
        words.addAll(DATA);
        words.add("--json=" + json);
        return words.toArray(new String[0]);
    }
}
