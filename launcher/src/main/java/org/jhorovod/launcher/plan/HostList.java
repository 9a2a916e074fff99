package org.jhorovod.launcher.plan;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The hosts of a job in their order, each named once. */
public final class HostList {
    private final List<HostSlots> hosts = new ArrayList<>();
    private final Set<String> keys = new HashSet<>();

    HostList() {}

    /**
     * Reads {@code host1:2,[fd00::2]:4,host3}; a host without a number has one slot.
     *
     * @throws IllegalArgumentException saying which part cannot be read
     */
    public static List<HostSlots> parse(String text) {
        HostList list = new HostList();
        for (String part : text.split(",", -1)) {
            HostWord word = HostWord.parse(part.strip());
            list.add(word, word.slots().orElse(1));
        }
        return list.hosts();
    }

    void add(HostWord word, int slots) {
        HostSlots host = word.with(slots);
        if (!keys.add(word.key())) {
            throw new IllegalArgumentException(
                    "host '%s' is named twice; name it once with all its slots"
                            .formatted(host.host()));
        }
        hosts.add(host);
    }

    List<HostSlots> hosts() {
        return List.copyOf(hosts);
    }
}
