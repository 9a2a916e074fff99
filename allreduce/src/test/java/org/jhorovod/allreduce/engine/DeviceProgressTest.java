package org.jhorovod.allreduce.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DeviceProgressTest {
    private static final long LONGEST = 50;

    @Test
    void aDeviceThatFinishesNothing_isStuck_afterTheLongestTime() {
        DeviceProgress progress = new DeviceProgress(3, 100).after(3, 120);

        assertThat(progress.isStuck(149, LONGEST)).isFalse();
        assertThat(progress.isStuck(150, LONGEST)).isTrue();
    }

    @Test
    void aDeviceThatFinishesOne_hasTheWholeTimeAgain() {
        DeviceProgress progress = new DeviceProgress(3, 100).after(2, 120);

        assertThat(progress.isStuck(169, LONGEST)).isFalse();
        assertThat(progress.isStuck(170, LONGEST)).isTrue();
    }

    @Test
    void aDeviceThatIsGivenMore_hasTheWholeTimeAgain() {
        assertThat(new DeviceProgress(3, 100).after(4, 120).isStuck(169, LONGEST)).isFalse();
    }

    @Test
    void aDeviceWithoutWork_isDone_andNeverStuck() {
        DeviceProgress progress = new DeviceProgress(1, 100).after(0, 120);

        assertThat(progress.isDone()).isTrue();
        assertThat(progress.isStuck(Long.MAX_VALUE, LONGEST)).isFalse();
    }
}
