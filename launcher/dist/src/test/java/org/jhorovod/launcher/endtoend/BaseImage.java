package org.jhorovod.launcher.endtoend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/**
 * A small system to build images on, the same that this machine has, made of the packages that its
 * apt gets: so it needs no registry, and mirrors and proxies are those that work here.
 */
final class BaseImage {
    private static final Path FOLDER = Path.of("target/containers").toAbsolutePath();
    private static final Path TARBALL = FOLDER.resolve("base.tar");
    private static final Duration LONG = Duration.ofMinutes(8);
    private static final Duration SHORT = Duration.ofMinutes(1);

    private BaseImage() {}

    /** Its files; made where an earlier run has left none. */
    static Path tarball() throws IOException, InterruptedException {
        if (!Files.exists(TARBALL)) {
            Files.createDirectories(FOLDER);
            Path unfinished = FOLDER.resolve("unfinished.tar");
            make(unfinished);
            Files.move(unfinished, TARBALL, StandardCopyOption.ATOMIC_MOVE);
        }
        return TARBALL;
    }

    private static void make(Path tarball) throws IOException, InterruptedException {
        String codename = codename();
        List<String> words = new ArrayList<>(List.of("mmdebstrap", "--quiet", "--variant=apt"));
        // As images of registries have it, too: nothing there has to outlive a power cut.
        words.add("--dpkgopt=force-unsafe-io");
        proxies().forEach(proxy -> words.add("--aptopt=" + proxy));
        words.addAll(List.of(codename, tarball.toString()));
        words.addAll(sources(codename));
        Programs.require(LONG, words.toArray(new String[0]));
    }

    private static String codename() throws IOException {
        Properties release = new Properties();
        try (var reader = Files.newBufferedReader(Path.of("/etc/os-release"))) {
            release.load(reader);
        }
        return release.getProperty("VERSION_CODENAME");
    }

    /** Where apt finds what the system itself consists of, without those of other makers. */
    private static List<String> sources(String codename) throws IOException, InterruptedException {
        return Programs.require(
                        SHORT,
                        "apt-get",
                        "indextargets",
                        "--format",
                        "deb $(REPO_URI) $(RELEASE) main",
                        "Created-By: Packages",
                        "Component: main")
                .lines()
                .filter(line -> line.matches(".* \\Q" + codename + "\\E(-updates|-security)? main"))
                .distinct()
                .toList();
    }

    private static List<String> proxies() throws IOException, InterruptedException {
        return Programs.require(SHORT, "apt-config", "dump")
                .lines()
                .filter(line -> line.matches("Acquire::https?::Proxy.*"))
                .toList();
    }
}
