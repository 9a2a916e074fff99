package org.jhorovod.allreduce.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Strings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The README's table of settings is that of {@link Settings}. */
class ReadmeTest {

    @Test
    void readme_listsEverySettingOfUsersInOrder() throws IOException {
        List<String> expected = Settings.ofUser().stream().map(ReadmeTest::row).toList();

        List<String> rows =
                Files.readAllLines(Path.of("..", "README.md")).stream()
                        .filter(line -> line.startsWith("| `JHOROVOD_"))
                        .toList();

        assertThat(rows).isEqualTo(expected);
    }

    private static String row(Setting<?> setting) {
        String byDefault = Strings.nullToEmpty(setting.defaultText());
        return "| `%s` | %s | %s |"
                .formatted(
                        setting.environmentName(),
                        byDefault.isEmpty() ? "" : "`" + byDefault + "`",
                        setting.description());
    }
}
