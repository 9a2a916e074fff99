package org.jhorovod.launcher.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class SavedEnvironmentTest {

    @Test
    void restore_givesBackWhatTheScriptPutAside() {
        Map<String, String> environment =
                new HashMap<>(
                        Map.of(
                                "LC_ALL",
                                "C.UTF-8",
                                "JHOROVODRUN_UNSET_LC_ALL",
                                "1",
                                "JHOROVODRUN_SAVED_JAVA_TOOL_OPTIONS",
                                "-Xmx2g",
                                "OTHER",
                                "stays"));
        SavedEnvironment.restore(environment);
        assertThat(environment).isEqualTo(Map.of("JAVA_TOOL_OPTIONS", "-Xmx2g", "OTHER", "stays"));
    }
}
