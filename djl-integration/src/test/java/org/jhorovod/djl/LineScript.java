package org.jhorovod.djl;

import com.google.common.base.Splitter;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jhorovod.djl.budget.Conditions;
import org.jhorovod.djl.budget.Link;

/** Lines between sites, by name, one after another in place of those that are measured. */
final class LineScript implements UnaryOperator<Conditions> {
    private static final int ELEMENTS = 1_863_690;

    private final List<String> names;
    private int next;

    /** By commas; the last stays. */
    LineScript(String names) {
        this.names = Splitter.on(',').splitToList(names);
    }

    @Override
    public Conditions apply(Conditions measured) {
        String name = names.get(Math.min(next, names.size() - 1));
        next++;
        return switch (name) {
            case "fast" -> with(measured, 100_000, 0, 100);
            case "wide" -> with(measured, 1000, 0.1, 200);
            case "office" -> with(measured, 100, 10, 16);
            case "village" -> with(measured, 20, 20, 16);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static Conditions with(
            Conditions measured, double mbit, double delayMillis, double stepMillis) {
        return new Conditions(
                new Link(mbit * 1e6 / 8, delayMillis / 1e3),
                measured.oneConnection(),
                measured.sites(),
                ELEMENTS,
                stepMillis / 1e3,
                Map.of("bfloat16", 3e-9, "int8", 8e-9));
    }
}
