package org.jhorovod.djl;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * The resident groups that all test classes of a run share, one per size; closed when the run ends.
 * A test gets them as a parameter. A case that ends its communicator needs a group of its own
 * ({@link #startOwn}).
 */
public final class RankGroups implements ParameterResolver, AutoCloseable {
    private static final Namespace NAMESPACE = Namespace.create(RankGroups.class);

    private final Map<Integer, RankGroup> groups = new HashMap<>();

    /** The group of so many ranks; started when it is first asked for, and after it has hung. */
    synchronized RankGroup of(int size) {
        RankGroup known = groups.get(size);
        if (known != null && known.isBroken()) {
            known.close();
            groups.remove(size);
        }
        return groups.computeIfAbsent(size, RankGroups::startOwn);
    }

    /** A group for one test alone, which closes it. */
    static RankGroup startOwn(int size) {
        return startOwn(size, Map.of());
    }

    /** The same, with more in the environment of its ranks. */
    static RankGroup startOwn(int size, Map<String, String> more) {
        Map<String, String> environment = new HashMap<>(more);
        environment.put("OMP_NUM_THREADS", "1");
        environment.put("OPT_OUT_TRACKING", "true");
        return RankGroup.start(size, List.of("-Dai.djl.offline=true"), rank -> environment);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == RankGroups.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getRoot()
                .getStore(NAMESPACE)
                .getOrComputeIfAbsent(RankGroups.class, key -> this, RankGroups.class);
    }

    @Override
    public synchronized void close() {
        groups.values().forEach(RankGroup::close);
        groups.clear();
    }
}
