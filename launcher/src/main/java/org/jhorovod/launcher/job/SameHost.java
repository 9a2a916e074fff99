package org.jhorovod.launcher.job;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jhorovod.launcher.agent.HostIdentity;

/**
 * Names that mean one host, whose local ranks and GPUs would be given out once for each of them.
 */
final class SameHost {
    private SameHost() {}

    /**
     * Why hosts cannot be used, by name.
     *
     * @param identities by name, in the order in which users gave them
     */
    static Map<String, String> failures(Map<String, HostIdentity> identities) {
        Map<String, String> failures = new LinkedHashMap<>();
        Map<String, HostIdentity> first = new LinkedHashMap<>();
        identities.forEach(
                (name, identity) ->
                        first.entrySet().stream()
                                .filter(other -> other.getValue().isSameHost(identity))
                                .findFirst()
                                .ifPresentOrElse(
                                        other -> failures.put(name, explain(other.getKey())),
                                        () -> first.put(name, identity)));
        return failures;
    }

    private static String explain(String other) {
        return "it is the same host as '%s'; name it once, with the sum of their slots"
                .formatted(other);
    }
}
