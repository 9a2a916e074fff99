package org.jhorovod.djl.local;

import java.util.ArrayList;
import java.util.List;

/** Cuts a model's parameters into runs of about as many elements each. */
final class FragmentPlan {
    private FragmentPlan() {}

    /**
     * At most as many fragments as asked for, none of them empty; a parameter is never cut.
     *
     * @param parameters in the model's order, which the fragments keep
     */
    static List<List<Elements>> cut(List<Elements> parameters, int fragmentCount) {
        long left = parameters.stream().mapToLong(Elements::count).sum();
        List<List<Elements>> fragments = new ArrayList<>();
        List<Elements> open = new ArrayList<>();
        long inOpen = 0;
        for (int i = 0; i < parameters.size(); i++) {
            Elements parameter = parameters.get(i);
            int openCount = fragmentCount - fragments.size();
            long fair = left / openCount;
            // Closed before a parameter that would take it further from its fair part.
            boolean isFull = inOpen + parameter.count() / 2 > fair;
            if (openCount > 1 && !open.isEmpty() && isFull) {
                fragments.add(List.copyOf(open));
                left -= inOpen;
                open.clear();
                inOpen = 0;
            }
            open.add(parameter);
            inOpen += parameter.count();
        }
        if (!open.isEmpty()) {
            fragments.add(List.copyOf(open));
        }
        return List.copyOf(fragments);
    }
}
