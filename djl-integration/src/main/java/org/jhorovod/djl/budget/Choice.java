package org.jhorovod.djl.budget;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The gentlest way that a budget allows; where none does, the cheapest. The same on all ranks,
 * because the conditions are.
 *
 * @param way that is chosen
 * @param budget the share of the time that communication may take
 * @param conditions in which
 * @param shares that each way would take, from the gentlest to the hardest
 */
public record Choice(Way way, double budget, Conditions conditions, Map<Way, Double> shares) {
    /** A way stays until it takes so many times what it may. */
    private static final double TOO_MUCH = 1.25;

    /** A gentler one is taken up if it takes no more than this part of what it may. */
    private static final double MUCH_LESS = 0.7;

    private static final int PERCENT = 100;

    /**
     * The first choice.
     *
     * @param isPossible which ways can be taken up now; some can
     */
    public static Choice first(double budget, Conditions conditions, Predicate<Way> isPossible) {
        Map<Way, Double> shares = shares(conditions);
        Way way = gentlest(shares, budget, isPossible);
        return new Choice(way, budget, conditions, shares);
    }

    /** A later choice, which differs only if that matters. */
    public static Choice next(
            Way current, double budget, Conditions conditions, Predicate<Way> isPossible) {
        Map<Way, Double> shares = shares(conditions);
        double own = shares.getOrDefault(current, 1.0);
        Way cheapest = cheapest(shares, isPossible);
        double limit = Math.max(budget, shares.getOrDefault(cheapest, 1.0));
        Way chosen = current;
        if (own > TOO_MUCH * limit) {
            chosen = gentlest(shares, budget, isPossible);
        } else {
            for (Way way : gentler(current)) {
                if (isPossible.test(way) && shares.getOrDefault(way, 1.0) <= MUCH_LESS * budget) {
                    chosen = way;
                    break;
                }
            }
        }
        return new Choice(chosen, budget, conditions, shares);
    }

    private static Map<Way, Double> shares(Conditions conditions) {
        Map<Way, Double> shares = new LinkedHashMap<>();
        Way.LADDER.forEach(way -> shares.put(way, Costs.share(way, conditions)));
        return shares;
    }

    private static Way gentlest(Map<Way, Double> shares, double budget, Predicate<Way> isPossible) {
        return shares.entrySet().stream()
                .filter(entry -> isPossible.test(entry.getKey()))
                .filter(entry -> entry.getValue() <= budget)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseGet(() -> cheapest(shares, isPossible));
    }

    private static Way cheapest(Map<Way, Double> shares, Predicate<Way> isPossible) {
        return shares.entrySet().stream()
                .filter(entry -> isPossible.test(entry.getKey()))
                .min(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
    }

    private static List<Way> gentler(Way current) {
        int place = Way.LADDER.indexOf(current);
        return place < 0 ? List.of() : Way.LADDER.subList(0, place);
    }

    /** The share of the time that the chosen way takes. */
    public double share() {
        return shares.getOrDefault(way, 1.0);
    }

    /** Whether that is within the budget. */
    public boolean fits() {
        return share() <= budget;
    }

    /** The choice and its reason, in a line. */
    public String describe() {
        return "%s; at most %s may go to communication. Chosen: %s: %s"
                .formatted(
                        conditions.describe(), percent(budget), way.describe(), percent(share()));
    }

    /** What each way would take, in a line. */
    public String describeAll() {
        Map<Integer, List<String>> byLocalSteps = new LinkedHashMap<>();
        shares.forEach(
                (each, share) ->
                        byLocalSteps
                                .computeIfAbsent(each.localSteps(), steps -> new ArrayList<>())
                                .add(each.describeVariant() + " " + percent(share)));
        List<String> groups = new ArrayList<>();
        byLocalSteps.forEach(
                (steps, variants) ->
                        groups.add(
                                (steps == 0 ? "each step: " : "local %d: ".formatted(steps))
                                        + String.join(", ", variants)));
        return String.join("; ", groups);
    }

    private static String percent(double share) {
        double value = share * PERCENT;
        return String.format(Locale.ROOT, value < 10 ? "%.1f %%" : "%.0f %%", value);
    }
}
