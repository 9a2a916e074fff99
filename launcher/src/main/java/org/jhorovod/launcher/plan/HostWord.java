package org.jhorovod.launcher.plan;

import com.google.common.net.InetAddresses;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A host as one word of a host list: {@code NAME}, {@code NAME:SLOTS}, {@code [IPV6]:SLOTS} or a
 * bare IPv6 address, each with or without a {@code USER@} before it.
 *
 * @param user what stands before the host, with its {@code @}; may be empty
 * @param name the host's name or address, without brackets
 * @param slots the number behind the colon; empty if there is none
 */
record HostWord(String user, String name, OptionalInt slots) {
    private static final String FORMS = "write NAME, NAME:SLOTS or [IPV6-ADDRESS]:SLOTS";
    private static final Pattern USER =
            Pattern.compile("([\\p{L}\\p{N}_][\\p{L}\\p{N}_.+\\\\-]*@)");
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}_][\\p{L}\\p{N}_.-]*");
    private static final Pattern BRACKETED = Pattern.compile("\\[(.*?)](?::(.*))?");
    private static final Pattern SCOPE = Pattern.compile("%[A-Za-z0-9_.-]+");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    /**
     * Reads a word.
     *
     * @throws IllegalArgumentException saying what cannot be read
     */
    static HostWord parse(String word) {
        Matcher userMatcher = USER.matcher(word);
        String user = userMatcher.lookingAt() ? userMatcher.group(1) : "";
        String host = word.substring(user.length());
        Matcher bracketed = BRACKETED.matcher(host);
        if (bracketed.matches()) {
            requireAddress(bracketed.group(1), word);
            return new HostWord(user, bracketed.group(1), slots(bracketed.group(2), word));
        }
        if (host.contains("[") || host.contains("]")) {
            throw new IllegalArgumentException(
                    "the brackets of '%s' do not fit; write [IPV6-ADDRESS]:SLOTS".formatted(word));
        }
        int colon = host.indexOf(':');
        if (colon != host.lastIndexOf(':')) {
            requireAddress(host, word);
            return new HostWord(user, host, OptionalInt.empty());
        }
        String name = colon < 0 ? host : host.substring(0, colon);
        requireName(name, word);
        return new HostWord(user, name, slots(colon < 0 ? null : host.substring(colon + 1), word));
    }

    private static void requireAddress(String address, String word) {
        String bare = withoutScope(address);
        boolean isScopeFit =
                bare.equals(address) || SCOPE.matcher(address.substring(bare.length())).matches();
        if (!address.contains(":") || !InetAddresses.isInetAddress(bare) || !isScopeFit) {
            throw new IllegalArgumentException(
                    "'%s' in '%s' is no IPv6 address; %s".formatted(address, word, FORMS));
        }
    }

    private static void requireName(String name, String word) {
        if (name.isBlank()) {
            throw new IllegalArgumentException(
                    word.isBlank()
                            ? "a host has no name; " + FORMS
                            : "the host in '%s' has no name; %s".formatted(word, FORMS));
        }
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "'%s' is no name of a host; %s".formatted(name, FORMS));
        }
    }

    private static OptionalInt slots(@Nullable String number, String word) {
        return number == null ? OptionalInt.empty() : OptionalInt.of(parseSlots(number, word));
    }

    /** Reads a number of slots. */
    static int parseSlots(String number, String context) {
        if (!NUMBER.matcher(number).matches()) {
            throw new IllegalArgumentException(
                    "'%s' in '%s' is no number of slots; write a whole number from 1"
                            .formatted(number, context));
        }
        return Integer.parseInt(number);
    }

    /** The host with this many slots. */
    HostSlots with(int slotCount) {
        return new HostSlots(user + name, slotCount);
    }

    /** What two words for the same host have in common, though they may be written differently. */
    String key() {
        String bare = withoutScope(name);
        return InetAddresses.isInetAddress(bare)
                ? InetAddresses.toAddrString(InetAddresses.forString(bare))
                        + name.substring(bare.length())
                : name.toLowerCase(Locale.ROOT);
    }

    private static String withoutScope(String address) {
        int scope = address.indexOf('%');
        return scope < 0 ? address : address.substring(0, scope);
    }
}
