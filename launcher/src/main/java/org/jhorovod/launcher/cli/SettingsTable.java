package org.jhorovod.launcher.cli;

import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;

/** The table of settings in the help. */
final class SettingsTable {
    private SettingsTable() {}

    /** The lines, for a footer of picocli's, in which a percent sign is written twice. */
    static String[] lines() {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add("Settings, as environment variables (or -D properties of the program):");
        int width =
                Settings.ofUser().stream()
                        .mapToInt(s -> s.environmentName().length())
                        .max()
                        .orElse(0);
        for (Setting<?> setting : Settings.ofUser()) {
            String byDefault = setting.defaultText();
            lines.add(
                    "  %%-%ds  %%s"
                            .formatted(width)
                            .formatted(setting.environmentName(), setting.description())
                            .replace("%", "%%"));
            lines.add(
                    "  %%-%ds  (%%s; default %%s)"
                            .formatted(width)
                            .formatted("", setting.range(), byDefault == null ? "none" : byDefault)
                            .replace("%", "%%"));
        }
        lines.add("");
        lines.add(
                "Exit code: the program's own; 128 + n if signal n ended it; 2 for a wrong"
                        + " command.");
        return lines.toArray(String[]::new);
    }
}
