package org.jhorovod.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class HostIdentityTest {

    @Test
    void processesOfAHost_haveItInCommon() throws Exception {
        HostIdentity identity = HostIdentity.ofThisHost();
        assertThat(identity.isSameHost(HostIdentity.ofThisHost())).isTrue();
        assertThat(identity.text())
                .contains(
                        Files.readString(Path.of("/proc/sys/kernel/hostname")).strip(),
                        Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString(),
                        Files.readSymbolicLink(Path.of("/proc/self/ns/mnt")).toString());
    }

    @Test
    void whatIsNotKnown_isNotTheSame() {
        assertThat(new HostIdentity("").isSameHost(new HostIdentity(""))).isFalse();
        assertThat(new HostIdentity("a").isSameHost(new HostIdentity("b"))).isFalse();
    }
}
