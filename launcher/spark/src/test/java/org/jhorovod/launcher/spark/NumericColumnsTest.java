package org.jhorovod.launcher.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class NumericColumnsTest {
    private static final StructType SCHEMA =
            new StructType()
                    .add("age", DataTypes.IntegerType)
                    .add("name", DataTypes.StringType)
                    .add("height", DataTypes.DoubleType);

    @Test
    void severalColumns_areReadOneAfterAnother() {
        Row row = new GenericRowWithSchema(new Object[] {41, "x", 1.5}, SCHEMA);
        assertThat(new NumericColumns(List.of("height", "age")).read(row))
                .containsExactly(1.5f, 41f);
    }

    @Test
    void missingColumnsAndThoseWithoutNumbers_areAllNamed() {
        NumericColumns columns = new NumericColumns(List.of("age", "weight", "name"));
        assertThat(columns.faults(SCHEMA)).hasSize(2);
        assertThat(String.join(" ", columns.faults(SCHEMA)))
                .contains("no column 'weight'", "[age, name, height]", "'name' holds string");
        assertThat(new NumericColumns(List.of("age")).faults(SCHEMA)).isEmpty();
    }

    @Test
    void null_isRefusedWithItsColumn() {
        Row row = new GenericRowWithSchema(new Object[] {null, "x", 1.5}, SCHEMA);
        assertThatThrownBy(() -> new NumericColumns(List.of("age")).read(row))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("'age' is null", "na()");
    }
}
