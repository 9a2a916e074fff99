package org.jhorovod.allreduce.codec;

import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * A part of the whole, as it was written: 0.07 of 100 is 7, not 7.000000000000001 and so 8.
 *
 * @param value more than 0, at most 1
 */
record Fraction(BigDecimal value) {

    Fraction {
        if (value.signum() <= 0 || value.compareTo(BigDecimal.ONE) > 0) {
            throw new IllegalArgumentException("its fraction is not more than 0 and at most 1");
        }
    }

    static Fraction parse(String text) {
        double value;
        try {
            value = Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("its fraction is no number", e);
        }
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException("its fraction is not finite");
        }
        return new Fraction(BigDecimal.valueOf(value).stripTrailingZeros());
    }

    /** As many of a number, rounded up. */
    int ofCount(int count) {
        return value.multiply(BigDecimal.valueOf(count))
                .setScale(0, RoundingMode.CEILING)
                .intValueExact();
    }

    @Override
    public String toString() {
        return value.toPlainString();
    }
}
