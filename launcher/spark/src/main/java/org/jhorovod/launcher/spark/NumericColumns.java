package org.jhorovod.launcher.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructType;

/**
 * The columns of a DataFrame that hold numbers for a model, in order: numbers or arrays of numbers.
 */
final class NumericColumns implements Serializable {
    private static final long serialVersionUID = 1L;

    private final List<String> names;

    NumericColumns(List<String> names) {
        this.names = new ArrayList<>(names);
    }

    List<String> names() {
        return List.copyOf(names);
    }

    /** Why these columns of such rows cannot be read; empty if they can. */
    List<String> faults(StructType schema) {
        List<String> known = Arrays.asList(schema.fieldNames());
        List<String> faults = new ArrayList<>();
        for (String name : names) {
            if (!known.contains(name)) {
                faults.add("There is no column '%s'; there are %s.".formatted(name, known));
            } else if (!isNumeric(schema.apply(name).dataType())) {
                faults.add(
                        "Column '%s' holds %s; it must hold numbers or arrays of numbers. (A vector of MLlib becomes one by org.apache.spark.ml.functions.vector_to_array.)"
                                .formatted(name, schema.apply(name).dataType().simpleString()));
            }
        }
        return faults;
    }

    private static boolean isNumeric(DataType type) {
        return type instanceof NumericType
                || (type instanceof ArrayType array && array.elementType() instanceof NumericType);
    }

    /** The numbers of a row, flat. */
    float[] read(Row row) {
        float[][] parts = new float[names.size()][];
        int count = 0;
        for (int i = 0; i < parts.length; i++) {
            parts[i] = numbers(names.get(i), row.get(row.fieldIndex(names.get(i))), row);
            count += parts[i].length;
        }
        if (parts.length == 1) {
            return parts[0];
        }
        float[] all = new float[count];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    private static float[] numbers(String name, Object value, Row row) {
        if (value instanceof Number number) {
            return new float[] {number.floatValue()};
        }
        if (value == null) {
            throw new IllegalArgumentException(
                    "Column '%s' is null in a row. Fill such rows in or leave them out, with the DataFrame's na()."
                            .formatted(name));
        }
        return numbers(name, row.getList(row.fieldIndex(name)));
    }

    private static float[] numbers(String name, List<?> values) {
        float[] numbers = new float[values.size()];
        for (int i = 0; i < numbers.length; i++) {
            if (!(values.get(i) instanceof Number number)) {
                throw new IllegalArgumentException(
                        "An array in column '%s' has null as its element %d.".formatted(name, i));
            }
            numbers[i] = number.floatValue();
        }
        return numbers;
    }
}
