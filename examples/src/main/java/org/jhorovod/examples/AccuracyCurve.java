package org.jhorovod.examples;

import java.util.List;
import java.util.Optional;

/**
 * How a model grew better in one way of training.
 *
 * @param way its name
 * @param stepMillis the median step of rank 0
 * @param points in the order of time; at least one
 */
record AccuracyCurve(String way, double stepMillis, List<CurvePoint> points) {

    /** When an accuracy was reached first, if it was. */
    Optional<CurvePoint> reached(double accuracy) {
        return points.stream().filter(point -> point.accuracy() >= accuracy).findFirst();
    }

    /** The last moment. */
    CurvePoint last() {
        return points.get(points.size() - 1);
    }
}
