package org.jhorovod.launcher.warmup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.tools.ToolProvider;

/** A class path that looks like DJL's to a warm-up: the same files, and a program to unpack. */
public final class StandInDjl {
    private static final String SOURCE =
            """
            package org.jhorovod.djl;

            import java.nio.file.Files;
            import java.nio.file.Path;

            public class WarmUp {
                public static void main(String[] args) throws Exception {
                    %s
                }
            }
            """;

    private StandInDjl() {}

    /**
     * Fills a folder for the class path.
     *
     * @param statements what the warm-up's process does
     */
    public static void create(Path folder, String statements) throws IOException {
        Path source = folder.resolve("WarmUp.java");
        Files.writeString(source, SOURCE.formatted(statements));
        int code =
                ToolProvider.getSystemJavaCompiler()
                        .run(null, null, null, "-d", folder.toString(), source.toString());
        assertThat(code).isZero();
        Path libraries = Files.createDirectories(folder.resolve("native/lib"));
        Files.writeString(
                libraries.resolve("pytorch.properties"),
                """
                version=2.7.1-x
                flavor=cpu
                classifier=linux-x86_64
                libraries=liba.so,libb.so
                """);
        Path jni = Files.createDirectories(folder.resolve("jnilib"));
        Files.writeString(jni.resolve("pytorch.properties"), "jni_version=2.7.1-0.35.1");
    }
}
