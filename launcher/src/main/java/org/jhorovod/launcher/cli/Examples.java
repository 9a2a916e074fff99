package org.jhorovod.launcher.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;

/** The bundled examples: names for the command line, and their main classes. */
final class Examples {
    private static final String RESOURCE = "/META-INF/jhorovod-examples.properties";

    private final SortedMap<String, String> mainClasses;

    private Examples(SortedMap<String, String> mainClasses) {
        this.mainClasses = mainClasses;
    }

    /** Reads the table that the examples' jar holds; empty without that jar. */
    static Examples load() {
        Properties table = new Properties();
        try (InputStream in = Examples.class.getResourceAsStream(RESOURCE)) {
            if (in != null) {
                table.load(in);
            }
        } catch (IOException e) {
            throw new UsageException("the table of examples cannot be read: " + e.getMessage());
        }
        SortedMap<String, String> mainClasses = new TreeMap<>();
        table.forEach((name, main) -> mainClasses.put(name.toString(), main.toString().strip()));
        return new Examples(mainClasses);
    }

    /** The names, for messages. */
    String names() {
        return mainClasses.isEmpty() ? "none" : String.join(", ", mainClasses.keySet());
    }

    /**
     * The main class of an example.
     *
     * @throws UsageException that lists the known ones
     */
    String mainClass(String name) {
        String main = mainClasses.get(name);
        if (main == null) {
            throw new UsageException(
                    "there is no example '%s'; known are: %s".formatted(name, names()));
        }
        return main;
    }
}
