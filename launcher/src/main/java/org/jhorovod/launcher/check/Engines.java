package org.jhorovod.launcher.check;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The engines of DJL on the class path. Reads what their jars say of themselves: to ask DJL would
 * unpack and load, or even download, hundreds of megabytes.
 */
final class Engines {
    private static final String PYTORCH = "pytorch";
    // DJL's own jar, whose engine is a client for others that run elsewhere.
    private static final String DJL = "api";
    private static final String SERVICES = "META-INF/services/ai.djl.engine.EngineProvider";
    private static final String LIBRARIES = "native/lib/pytorch.properties";
    private static final Pattern JAR = Pattern.compile("/(([a-z]+)[^/]*\\.jar)!/");

    private Engines() {}

    static List<Finding> find() {
        return find(Engines.class.getClassLoader());
    }

    static List<Finding> find(ClassLoader loader) {
        List<Finding> findings = new ArrayList<>();
        try {
            for (URL url : Collections.list(loader.getResources(SERVICES))) {
                Matcher jar = JAR.matcher(url.toString());
                String file = jar.find() ? jar.group(1) : url.toString();
                String name = jar.reset().find() ? jar.group(2) : file;
                if (name.equals(DJL)) {
                    continue;
                }
                findings.add(
                        name.equals(PYTORCH)
                                ? Finding.available(name, file + "; " + libraries(loader))
                                : Finding.missing(
                                        name,
                                        file + " is there, but only pytorch trains with JHorovod"));
            }
        } catch (IOException e) {
            return List.of(Finding.missing("any", "the class path cannot be read: " + e));
        }
        if (findings.stream().noneMatch(finding -> finding.name().equals(PYTORCH))) {
            findings.add(
                    Finding.missing(
                            PYTORCH,
                            "it is not on the class path; add ai.djl.pytorch:pytorch-engine"));
        }
        return findings;
    }

    private static String libraries(ClassLoader loader) throws IOException {
        try (InputStream in = loader.getResourceAsStream(LIBRARIES)) {
            if (in == null) {
                return "no native library is bundled, so that DJL downloads it at the first use";
            }
            Properties properties = new Properties();
            properties.load(in);
            return "libtorch %s for %s, %s"
                    .formatted(
                            properties.getProperty("version", "of unknown version"),
                            properties.getProperty("flavor", "unknown devices"),
                            properties.getProperty("classifier", "unknown systems"));
        }
    }
}
