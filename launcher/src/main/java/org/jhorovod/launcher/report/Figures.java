package org.jhorovod.launcher.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.timeline.RunSummary;
import org.jhorovod.allreduce.timeline.RunSummary.Window;

/**
 * The figures that the page shows, of the time in which the ranks worked: from the first step to
 * the last, or collective where there are no steps.
 */
final class Figures {
    private static final double MICROS = 1e6;

    private final RunSummary summary;
    private final boolean hasSteps;
    private final int first; // window
    private final int end;

    Figures(RunSummary summary) {
        this.summary = summary;
        this.hasSteps = summary.ranks().stream().anyMatch(rank -> rank.total().steps() > 0);
        int from = Integer.MAX_VALUE;
        int to = 0;
        for (RunSummary.Rank rank : summary.ranks()) {
            for (int i = 0; i < rank.windows().size(); i++) {
                if (isBusy(rank.windows().get(i))) {
                    from = Math.min(from, i);
                    to = Math.max(to, i + 1);
                }
            }
        }
        this.first = to == 0 ? 0 : from;
        this.end = to;
    }

    private boolean isBusy(Window window) {
        return hasSteps ? window.stepMicros() > 0 : window.collectiveMicros() > 0;
    }

    /** Whether there is anything to show. */
    boolean isEmpty() {
        return end == 0;
    }

    boolean hasSteps() {
        return hasSteps;
    }

    boolean hasSamples() {
        return total().samples() > 0;
    }

    /** The unit of throughput. */
    String unit() {
        return hasSamples() ? "samples/s" : "steps/s";
    }

    int size() {
        return summary.ranks().size();
    }

    int firstWindow() {
        return first;
    }

    int endWindow() {
        return end;
    }

    double windowMicros() {
        return summary.windowMicros();
    }

    /** How much of a window the run lasted. */
    double microsOf(int window) {
        double start = window * windowMicros();
        return Math.max(0, Math.min(windowMicros(), summary.elapsedMicros() - start));
    }

    /** How long the ranks worked. */
    double activeMicros() {
        double micros = 0;
        for (int i = first; i < end; i++) {
            micros += microsOf(i);
        }
        return Math.max(1, micros);
    }

    /** Before the ranks worked, since they met. */
    double beforeMicros() {
        return first * windowMicros();
    }

    Window window(int rank, int index) {
        List<Window> windows = summary.ranks().get(rank).windows();
        return index < windows.size() ? windows.get(index) : Window.NONE;
    }

    Window total(int rank) {
        return summary.ranks().get(rank).total();
    }

    Window total() {
        Window total = Window.NONE;
        for (int rank = 0; rank < size(); rank++) {
            total = total.plus(total(rank));
        }
        return total;
    }

    /** Where a rank's time went, window by window. */
    Shares shares(int rank, int fromWindow, int toWindow) {
        Shares shares = Shares.NONE;
        for (int i = fromWindow; i < toWindow; i++) {
            shares = shares.plus(Shares.of(window(rank, i), microsOf(i), hasSteps));
        }
        return shares;
    }

    Shares shares(int rank) {
        return shares(rank, first, end).normal();
    }

    /** The mean over all ranks. */
    Shares shares() {
        Shares shares = Shares.NONE;
        for (int rank = 0; rank < size(); rank++) {
            shares = shares.plus(shares(rank));
        }
        return shares.normal();
    }

    private double amount(Window window) {
        return hasSamples() ? window.samples() : window.steps();
    }

    /** In {@link #unit()}. */
    double throughput(int rank, int fromWindow, int toWindow) {
        double amount = 0;
        double micros = 0;
        for (int i = fromWindow; i < toWindow; i++) {
            amount += amount(window(rank, i));
            micros += microsOf(i);
        }
        return micros == 0 ? 0 : amount / micros * MICROS;
    }

    double throughput(int rank) {
        return throughput(rank, first, end);
    }

    /** Of all ranks together; where they step together, a step of all counts once. */
    double throughput() {
        double sum = 0;
        for (int rank = 0; rank < size(); rank++) {
            sum += throughput(rank);
        }
        return hasSamples() || size() == 0 ? sum : sum / size();
    }

    /** How long a rank works on a step itself; 0 without steps. */
    double busyMicros(int rank) {
        Window total = total(rank);
        return total.steps() == 0
                ? 0
                : (double) (total.stepMicros() - total.waitedMicros()) / total.steps();
    }

    /**
     * The rank that the others wait for.
     *
     * @param lateShare of the time that would be saved if it came as early as the last but one
     * @param ofAllLate which part of all lateness is its own
     * @param busyRatio how much longer it works on a step than the middle one of the others; 1
     *     where that is not known
     */
    record Slowest(int rank, double lateShare, double ofAllLate, double busyRatio) {}

    /**
     * For how long a rank kept all others waiting while they worked; not until the first step,
     * where ranks may start one after another.
     */
    long lateMicros(int rank) {
        long late = 0;
        for (int i = first; i < end; i++) {
            late += window(rank, i).lateMicros();
        }
        return late;
    }

    /** Empty for a rank alone, or where no collective was seen on all ranks. */
    Optional<Slowest> slowest() {
        long allLate = IntStream.range(0, size()).mapToLong(this::lateMicros).sum();
        if (size() < 2 || allLate == 0) {
            return Optional.empty();
        }
        int latest =
                IntStream.range(0, size())
                        .boxed()
                        .max(Comparator.comparingLong(this::lateMicros))
                        .orElseThrow();
        return Optional.of(
                new Slowest(
                        latest,
                        Math.min(1, lateMicros(latest) / activeMicros()),
                        (double) lateMicros(latest) / allLate,
                        busyRatio(latest)));
    }

    private double busyRatio(int rank) {
        List<Double> others = new ArrayList<>();
        for (int other = 0; other < size(); other++) {
            if (other != rank) {
                others.add(busyMicros(other));
            }
        }
        others.sort(null);
        double middle = others.get((others.size() - 1) / 2);
        return middle == 0 || busyMicros(rank) == 0 ? 1 : busyMicros(rank) / middle;
    }

    RunSummary summary() {
        return summary;
    }
}
