package org.jhorovod.allreduce.engine;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveException;

/**
 * Tells the other ranks of calls that fail on this one before they submit anything: they may have
 * made the same call with better arguments, and would wait for this rank.
 *
 * <p>Safe for use by several threads.
 */
final class OwnRefusals {
    private final NamedLane lane;

    OwnRefusals(NamedLane lane) {
        this.lane = lane;
    }

    /**
     * Does what comes before a tensor is submitted.
     *
     * @throws RuntimeException which the checks throw, after the other ranks have been told
     */
    <T> T checked(String name, Supplier<T> checks) {
        return checked(() -> List.of(name), "", checks);
    }

    /** The same for a group, of which each rank gives the tensors numbers. */
    <T> T checked(String group, int size, Supplier<T> checks) {
        return checked(
                () -> IntStream.range(0, size).mapToObj(i -> group + "/" + i).toList(),
                group,
                checks);
    }

    private <T> T checked(Supplier<List<String>> named, String group, Supplier<T> checks) {
        try {
            return checks.get();
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError | LinkageError e) {
            List<String> names = named.get();
            if (names.stream().allMatch(OwnRefusals::isName)) {
                lane.refuse(names, group, reason(e));
            }
            throw e;
        }
    }

    /** Whether other ranks can have submitted it. */
    private static boolean isName(String name) {
        int byteCount = name.getBytes(StandardCharsets.UTF_8).length;
        return byteCount > 0 && byteCount <= CollectiveCall.MAX_NAME_BYTES;
    }

    private static String reason(Throwable failure) {
        boolean isOfOurs =
                failure instanceof IllegalArgumentException
                        || failure instanceof CollectiveException;
        return isOfOurs && failure.getMessage() != null
                ? failure.getMessage()
                : "It threw " + failure + ".";
    }
}
