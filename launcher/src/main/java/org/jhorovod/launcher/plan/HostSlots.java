package org.jhorovod.launcher.plan;

/**
 * A host and how many ranks may run there.
 *
 * @param host its name, as users wrote it; an IPv6 address without brackets
 * @param slots how many ranks it takes, at least 1
 */
public record HostSlots(String host, int slots) {

    /** Checks that the host has a name and a slot. */
    public HostSlots {
        if (host.isBlank()) {
            throw new IllegalArgumentException("a host has no name; write NAME:SLOTS");
        }
        if (slots < 1) {
            throw new IllegalArgumentException(
                    "host '%s' has %d slots, but needs at least 1".formatted(host, slots));
        }
    }
}
