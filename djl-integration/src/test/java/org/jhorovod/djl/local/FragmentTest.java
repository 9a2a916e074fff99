package org.jhorovod.djl.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jhorovod.allreduce.codec.Codecs;
import org.junit.jupiter.api.Test;

class FragmentTest {

    private static Fragment fragment(
            OuterOptimizer optimizer, boolean stepsOn, ArrayElements... members) {
        return new Fragment(List.of(members), Codecs.parse("none"), optimizer, stepsOn);
    }

    private static float velocity(Fragment fragment, String name) {
        return Objects.requireNonNull(fragment.velocities().get(name)).get(0);
    }

    @Test
    void average_isTheMeanOfTheSitesParameters() {
        ArrayElements values = new ArrayElements("w", new float[] {1, 2, 3});
        Fragment fragment = fragment(OuterOptimizer.average(), false, values);
        values.values()[0] = 5;

        fragment.take();
        assertThat(fragment.change().getFloat(0)).isEqualTo(-4);
        fragment.weigh(0.25); // the others have not moved
        fragment.settle(false, false);

        assertThat(values.values()).containsExactly(2, 2, 3);
    }

    @Test
    void nesterov_isThatOfThePublication() {
        ArrayElements values = new ArrayElements("w", new float[] {1});
        Fragment fragment = fragment(OuterOptimizer.nesterov(0.7, 0.9), false, values);
        double common = 1;
        double velocity = 0;
        for (int round = 0; round < 5; round++) {
            values.values()[0] -= 0.5f;
            double change = common - values.values()[0];
            velocity = 0.9 * velocity + change;
            common -= 0.7 * (change + 0.9 * velocity);

            fragment.take();
            fragment.settle(false, false);
            assertThat((double) values.values()[0]).isCloseTo(common, offset(1e-5));
        }
        assertThat(velocity(fragment, "w")).isCloseTo((float) velocity, offset(1e-5f));
    }

    @Test
    void inLockStep_theParametersAreAveraged_whateverTheOptimizer() {
        ArrayElements values = new ArrayElements("w", new float[] {1});
        Fragment fragment = fragment(OuterOptimizer.nesterov(0.7, 0.9), false, values);
        values.values()[0] = 3;
        fragment.take();
        fragment.settle(false, true);

        assertThat(values.values()).containsExactly(3);
        assertThat(velocity(fragment, "w")).isZero();
    }

    @Test
    void whatASiteLearnsMeanwhile_stays() {
        ArrayElements values = new ArrayElements("w", new float[] {1, 1});
        Fragment fragment = fragment(OuterOptimizer.average(), true, values);
        values.values()[0] = 3;
        fragment.take();
        values.values()[0] += 10; // a step, while the change is under way
        values.values()[1] += 20;
        fragment.change().putFloat(0, -1); // the mean of all sites' changes is +1
        fragment.settle(true, false);

        assertThat(values.values()).containsExactly(12, 21);
        fragment.take();
        assertThat(fragment.change().getFloat(0)).isEqualTo(-10);
        assertThat(fragment.change().getFloat(4)).isEqualTo(-20);
    }

    @Test
    void members_keepTheirPlaces() {
        ArrayElements first = new ArrayElements("a", new float[] {1, 2});
        ArrayElements second = new ArrayElements("b", new float[] {3});
        Fragment fragment = fragment(OuterOptimizer.nesterov(1, 0.5), false, first, second);
        second.values()[0] = 4;
        fragment.take();
        fragment.settle(false, false);

        assertThat(first.values()).containsExactly(1, 2);
        assertThat(second.values()).containsExactly(4.5f);
        assertThat(fragment.velocities().keySet()).containsExactly("a", "b");
        assertThat(velocity(fragment, "b")).isEqualTo(-1);
    }

    @Test
    void plan_cutsIntoAboutEqualParts_andNeverAParameter() {
        List<Elements> parameters = new ArrayList<>();
        for (int count : new int[] {800, 1, 1000, 1, 10, 1}) {
            parameters.add(new ArrayElements("p" + parameters.size(), new float[count]));
        }
        assertThat(FragmentPlan.cut(parameters, 2).stream().map(List::size)).containsExactly(2, 4);
        assertThat(FragmentPlan.cut(parameters, 1)).containsExactly(parameters);
        for (int fragments = 1; fragments < 10; fragments++) {
            List<List<Elements>> cut = FragmentPlan.cut(parameters, fragments);
            assertThat(cut).hasSizeBetween(1, fragments).noneMatch(List::isEmpty);
            assertThat(cut.stream().flatMap(List::stream)).containsExactlyElementsOf(parameters);
        }
    }

    @Test
    void choices_areReadAsTheyAreWritten() {
        assertThat(OuterOptimizer.parse("average")).isEqualTo(OuterOptimizer.average());
        OuterOptimizer nesterov = OuterOptimizer.parse("nesterov:0.7,0.9");
        assertThat(nesterov).isEqualTo(OuterOptimizer.nesterov(0.7, 0.9));
        assertThat(OuterOptimizer.parse(nesterov.toString())).isEqualTo(nesterov);
        assertThat(SiteChoice.parse("4, 4,2").sizes()).containsExactly(4, 4, 2);
        assertThat(SiteChoice.parse("Host").kind()).isEqualTo(SiteChoice.Kind.HOST);
        for (String wrong : List.of("adam", "nesterov:0.7", "nesterov:a,b", "nesterov:1,1")) {
            assertThatThrownBy(() -> OuterOptimizer.parse(wrong))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        for (String wrong : List.of("", "0,4", "lan", "2;2")) {
            assertThatThrownBy(() -> SiteChoice.parse(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("4,4,2");
        }
    }
}
