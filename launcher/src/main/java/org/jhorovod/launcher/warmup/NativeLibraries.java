package org.jhorovod.launcher.warmup;

import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The native libraries that DJL will unpack for a class path, and where. Names and places are those
 * of DJL 0.35's {@code LibUtils}.
 *
 * @param folder DJL's folder for this version of them
 * @param names their files in it
 */
record NativeLibraries(Path folder, List<String> names) {
    static final String WARM_UP_CLASS = "org.jhorovod.djl.WarmUp";
    private static final String LIBRARIES = "native/lib/pytorch.properties";
    private static final String JNI = "jnilib/pytorch.properties";
    private static final String JNI_FILE = "-libdjl_torch.so";

    /**
     * Looks into the class path.
     *
     * @return empty if it has no class to warm up with, or no native libraries
     */
    static Optional<NativeLibraries> find(
            List<Path> classPath, Map<String, String> environment, Map<String, String> properties)
            throws IOException {
        try (URLClassLoader loader = new URLClassLoader(urls(classPath), null)) {
            String warmUp = WARM_UP_CLASS.replace('.', '/') + ".class";
            Properties libraries = read(loader, LIBRARIES);
            Properties jni = read(loader, JNI);
            if (loader.findResource(warmUp) == null || libraries == null || jni == null) {
                return Optional.empty();
            }
            return of(libraries, jni, engineFolder(environment, properties));
        }
    }

    /** The libraries of a pair of DJL's property files; empty where these say something new. */
    static Optional<NativeLibraries> of(Properties libraries, Properties jni, Path engineFolder) {
        String version = libraries.getProperty("version");
        String flavor = libraries.getProperty("flavor");
        String classifier = libraries.getProperty("classifier");
        String files = libraries.getProperty("libraries");
        String jniVersion = jni.getProperty("jni_version");
        if (version == null
                || flavor == null
                || classifier == null
                || files == null
                || jniVersion == null) {
            return Optional.empty();
        }
        List<String> names = new ArrayList<>(Arrays.asList(files.split(",", -1)));
        names.add(jniVersion.substring(jniVersion.lastIndexOf('-') + 1) + JNI_FILE);
        Path folder = engineFolder.resolve(String.join("-", version, flavor, classifier));
        return Optional.of(new NativeLibraries(folder, List.copyOf(names)));
    }

    private static URL[] urls(List<Path> classPath) throws MalformedURLException {
        List<URL> urls = new ArrayList<>();
        for (Path file : classPath) {
            urls.add(file.toUri().toURL());
        }
        return urls.toArray(URL[]::new);
    }

    private static @Nullable Properties read(URLClassLoader loader, String resource)
            throws IOException {
        try (InputStream in = loader.getResourceAsStream(resource)) {
            if (in == null) {
                return null;
            }
            Properties properties = new Properties();
            properties.load(in);
            return properties;
        }
    }

    /** DJL's folder for the engine's files. */
    static Path engineFolder(Map<String, String> environment, Map<String, String> properties) {
        String engines = setting("ENGINE_CACHE_DIR", environment, properties);
        if (engines != null) {
            return Path.of(engines, "pytorch");
        }
        String cache = setting("DJL_CACHE_DIR", environment, properties);
        if (cache != null) {
            return Path.of(cache, "pytorch");
        }
        Path home = Path.of(properties.getOrDefault("user.home", System.getProperty("user.home")));
        String temporary =
                properties.getOrDefault("java.io.tmpdir", System.getProperty("java.io.tmpdir"));
        Path parent = Files.isWritable(home) ? home : Path.of(temporary);
        return parent.resolve(".djl.ai").resolve("pytorch");
    }

    private static @Nullable String setting(
            String name, Map<String, String> environment, Map<String, String> properties) {
        String value = environment.getOrDefault(name, properties.get(name));
        return value == null || value.isEmpty() ? null : value;
    }

    /** Whether all of them lie there. */
    boolean areUnpacked() {
        return names.stream().allMatch(name -> Files.exists(folder.resolve(name)));
    }
}
