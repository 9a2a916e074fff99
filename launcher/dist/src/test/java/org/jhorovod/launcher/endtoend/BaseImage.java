package org.jhorovod.launcher.endtoend;

import com.google.common.base.Splitter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;

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
            make(FOLDER.resolve("base"));
        }
        return TARBALL;
    }

    private static void make(Path root) throws IOException, InterruptedException {
        String codename = codename();
        List<String> sources = sources(codename);
        String mirror =
                sources.stream()
                        .filter(source -> source.endsWith(" " + codename))
                        .findFirst()
                        .map(source -> Splitter.on(' ').split(source).iterator().next())
                        .orElseThrow(() -> new IOException("apt has no source for " + codename));
        remove(root); // what a run that was ended has left
        // As images of registries have it, too: nothing there has to outlive a power cut.
        Path unsafe = Files.createDirectories(root.resolve("etc/dpkg/dpkg.cfg.d"));
        Files.writeString(unsafe.resolve("unsafe-io"), "force-unsafe-io\n");
        Programs.require(
                LONG, "debootstrap", "--variant=minbase", codename, root.toString(), mirror);
        Files.writeString(
                root.resolve("etc/apt/sources.list"),
                sources.stream()
                        .map(source -> "deb %s main\n".formatted(source))
                        .collect(Collectors.joining()));
        Files.writeString(root.resolve("etc/apt/apt.conf.d/90proxy"), proxies());
        remove(root.resolve("var/lib/apt/lists"));
        remove(root.resolve("var/cache/apt/archives"));
        Path unfinished = FOLDER.resolve("base.tar.new");
        Programs.require(
                SHORT,
                "tar",
                "--one-file-system",
                "-C",
                root.toString(),
                "-cf",
                unfinished.toString(),
                ".");
        remove(root);
        Files.move(unfinished, TARBALL, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String codename() throws IOException {
        Properties release = new Properties();
        try (var reader = Files.newBufferedReader(Path.of("/etc/os-release"))) {
            release.load(reader);
        }
        return release.getProperty("VERSION_CODENAME");
    }

    /** Address and suite of what the system itself consists of, without those of other makers. */
    private static List<String> sources(String codename) throws IOException, InterruptedException {
        return Programs.require(
                        SHORT,
                        "apt-get",
                        "indextargets",
                        "--format",
                        "$(REPO_URI) $(RELEASE)",
                        "Created-By: Packages",
                        "Component: main")
                .lines()
                .filter(line -> line.matches(".* \\Q" + codename + "\\E(-updates|-security)?"))
                .distinct()
                .toList();
    }

    private static String proxies() throws IOException, InterruptedException {
        return Programs.require(SHORT, "apt-config", "dump")
                .lines()
                .filter(line -> line.matches("Acquire::https?::Proxy.*"))
                .map(line -> line + "\n")
                .collect(Collectors.joining());
    }

    private static void remove(Path path) throws IOException, InterruptedException {
        Programs.require(LONG, "rm", "-rf", "--one-file-system", path.toString());
    }
}
