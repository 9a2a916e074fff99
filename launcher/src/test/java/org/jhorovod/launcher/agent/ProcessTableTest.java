package org.jhorovod.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(10)
class ProcessTableTest {

    @Test
    void parse_readsGroupAndSession_whateverTheName() {
        assertThat(ProcessTable.parse("42 (a (b) c d) S 1 43 44 0 -1"))
                .contains(new ProcessTable.Entry(42, 43, 44));
    }

    @ParameterizedTest
    @ValueSource(strings = {"42 (a) Z 1 43 44 0", "42 (a) X 1 43 44 0", "", "42 a S 1", "7 (a) S"})
    void parse_skipsTheDeadAndTheUnreadable(String stat) {
        assertThat(ProcessTable.parse(stat)).isEmpty();
    }

    @Test
    void membersOf_findsThisProcessInItsGroup() throws IOException {
        long pid = ProcessHandle.current().pid();
        String stat = Files.readString(Path.of("/proc/self/stat"));
        long group = ProcessTable.parse(stat).orElseThrow().group();
        assertThat(ProcessTable.membersOf(Set.of(group)))
                .extracting(ProcessTable.Entry::pid)
                .contains(pid);
    }
}
