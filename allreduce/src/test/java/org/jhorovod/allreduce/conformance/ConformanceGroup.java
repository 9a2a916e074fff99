package org.jhorovod.allreduce.conformance;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;

/**
 * Ranks that start together and run some cases, one after another.
 *
 * @param size how many ranks
 * @param cases what they run, in this order on each
 */
public record ConformanceGroup(int size, List<ConformanceCase> cases) {

    /** The names of the cases: the arguments of {@link ConformanceRank}. */
    public List<String> caseNames() {
        return cases.stream().map(ConformanceCase::name).toList();
    }

    /** The rank that dies, where a case kills one; -1 otherwise. */
    public int dyingRank() {
        boolean kills =
                cases.stream().anyMatch(c -> c.scope() == ConformanceCase.Scope.KILLS_LAST_RANK);
        return kills ? size - 1 : -1;
    }

    /** What the cases need of the settings. */
    public Map<Setting<?>, String> settings() {
        Duration timeout =
                cases.stream()
                        .map(ConformanceCase::operationTimeout)
                        .min(Duration::compareTo)
                        .orElseThrow();
        return Map.of(
                Settings.OPERATION_TIMEOUT,
                String.valueOf(timeout.toSeconds()),
                Settings.LIVENESS_TIMEOUT,
                "10");
    }

    /** {@link #settings} for ranks that are threads. */
    public Configuration configuration() {
        return Configuration.of(settings());
    }

    /** {@link #settings}, and how long the tables are, as arguments of a rank's JVM. */
    public List<String> jvmArguments() {
        List<String> arguments =
                new ArrayList<>(
                        settings().entrySet().stream()
                                .map(e -> "-D" + e.getKey().propertyName() + "=" + e.getValue())
                                .toList());
        arguments.add("-D" + Samples.LONG_PROPERTY + "=" + Samples.IS_LONG);
        return List.copyOf(arguments);
    }
}
