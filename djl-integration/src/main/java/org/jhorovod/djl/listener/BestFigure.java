package org.jhorovod.djl.listener;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How good the best model so far is.
 *
 * @param evaluator whose validation figure decides
 * @param goal which figures are better
 * @param figure of the best model
 * @param epoch after which it was that, from 1
 */
record BestFigure(String evaluator, Goal goal, float figure, int epoch) {
    private static final List<String> NAMES = List.of("evaluator ", "goal ", "figure ", "epoch ");

    /** Which of two figures is the better one. */
    enum Goal {
        HIGHEST,
        LOWEST
    }

    /** Whether another model's figure is better; NaN is not, nor is the same figure. */
    boolean isBeatenBy(float other) {
        return goal == Goal.HIGHEST ? other > figure : other < figure;
    }

    /** One name and value a line. */
    String text() {
        return "evaluator %s\ngoal %s\nfigure %s\nepoch %d\n"
                .formatted(evaluator, goal, figure, epoch);
    }

    /** Reads what {@link #text} writes; empty if it is something else. */
    static Optional<BestFigure> parse(String text) {
        List<String> lines = text.lines().toList();
        if (lines.size() != NAMES.size()) {
            return Optional.empty();
        }
        List<String> values = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).startsWith(NAMES.get(i))) {
                return Optional.empty();
            }
            values.add(lines.get(i).substring(NAMES.get(i).length()));
        }
        try {
            return Optional.of(
                    new BestFigure(
                            values.get(0),
                            Goal.valueOf(values.get(1)),
                            Float.parseFloat(values.get(2)),
                            Integer.parseInt(values.get(3))));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
