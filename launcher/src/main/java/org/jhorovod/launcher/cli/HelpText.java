package org.jhorovod.launcher.cli;

import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.Help.ColorScheme;
import picocli.CommandLine.Help.IParamLabelRenderer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/** What {@code --help} shows beside the options. */
final class HelpText {
    static final int WIDTH = 80;
    static final int OPTION_WIDTH = 28;
    private static final int SETTING_INDENT = 6;

    private HelpText() {}

    /**
     * Shows options as they are mostly typed: {@code -np N}, though {@code -np=N} works as well.
     */
    static Help layout(CommandSpec spec, ColorScheme colors) {
        return new Help(spec, colors) {
            @Override
            public IParamLabelRenderer parameterLabelRenderer() {
                return new BlankBeforeLabel();
            }
        };
    }

    private static final class BlankBeforeLabel implements IParamLabelRenderer {
        @Override
        public Text renderParameterLabel(ArgSpec arg, Ansi ansi, List<Ansi.IStyle> styles) {
            return ansi.text(arg.arity().max() == 0 ? "" : " " + arg.paramLabel());
        }

        @Override
        public String separator() {
            return " ";
        }
    }

    /** The lines below the options; a percent sign is written twice, as picocli wants. */
    static String[] footer(Examples examples) {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add("Examples: " + examples.names());
        lines.add("");
        lines.add("Settings, as environment variables or as -D properties of the program:");
        for (Setting<?> setting : Settings.ofUser()) {
            String byDefault = setting.defaultText();
            lines.add(
                    "  %s (%s; default: %s)"
                            .formatted(
                                    setting.environmentName(),
                                    setting.range(),
                                    byDefault == null ? "none" : byDefault));
            lines.addAll(wrap(setting.description()));
        }
        lines.add("");
        lines.add("Exit code: that of the rank that failed first, 128 + n if signal n ended it;");
        lines.add(
                "1 if a host cannot be used or is lost; 2 for a command line that cannot be used;");
        lines.add(
                "130 after Ctrl-C. A rank that hangs is ended by the launcher, and then gives 143");
        lines.add("or 137. Standard input goes to rank 0.");
        return lines.stream().map(line -> line.replace("%", "%%")).toArray(String[]::new);
    }

    /** The lines of an indented paragraph. */
    private static List<String> wrap(String text) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ", -1)) {
            if (line.length() + 1 + word.length() > WIDTH - SETTING_INDENT) {
                lines.add(" ".repeat(SETTING_INDENT) + line);
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(" ".repeat(SETTING_INDENT) + line);
        return lines;
    }
}
