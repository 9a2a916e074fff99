package org.jhorovod.launcher.plan;

import java.util.ArrayList;
import java.util.List;

/**
 * A host and how many ranks may run there.
 *
 * @param host its name, as users wrote it
 * @param slots how many ranks it takes, at least 1
 */
public record HostSlots(String host, int slots) {

    /** Checks that the host has a name and a slot. */
    public HostSlots {
        if (host.isBlank()) {
            throw new IllegalArgumentException("A host has no name; write NAME:SLOTS.");
        }
        if (slots < 1) {
            throw new IllegalArgumentException(
                    "Host '%s' has %d slots; it needs at least 1.".formatted(host, slots));
        }
    }

    /**
     * Reads {@code host1:2,host2:4}; a host without a number has one slot.
     *
     * @throws IllegalArgumentException saying which part cannot be read
     */
    public static List<HostSlots> parseList(String text) {
        List<HostSlots> hosts = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            HostSlots parsed = parse(part.strip());
            if (hosts.stream().anyMatch(h -> h.host().equals(parsed.host()))) {
                throw new IllegalArgumentException(
                        "Host '%s' is named twice; name it once with all its slots."
                                .formatted(parsed.host()));
            }
            hosts.add(parsed);
        }
        return List.copyOf(hosts);
    }

    private static HostSlots parse(String part) {
        int colon = part.lastIndexOf(':');
        boolean isBareIpv6 = colon >= 0 && part.indexOf(':') != colon && !part.contains("]");
        if (colon < 0 || isBareIpv6 || part.endsWith("]")) {
            return new HostSlots(part, 1);
        }
        String slots = part.substring(colon + 1);
        try {
            return new HostSlots(part.substring(0, colon), Integer.parseInt(slots));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "'%s' in '%s' is no number of slots; write NAME:SLOTS, such as localhost:2."
                            .formatted(slots, part),
                    e);
        }
    }
}
