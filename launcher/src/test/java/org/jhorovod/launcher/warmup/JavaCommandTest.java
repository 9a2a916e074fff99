package org.jhorovod.launcher.warmup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(10)
class JavaCommandTest {

    @ParameterizedTest
    @CsvSource({
        "java -cp a:b Main -cp c, a:b",
        "/usr/bin/java -Xmx1g -classpath a Main, a",
        "java --class-path a Main, a",
        "java --class-path=a Main, a",
        "java --add-opens java.base/java.nio=ALL-UNNAMED -cp a Main, a",
        "java -p mods -cp a Main, a",
        "java @options -cp a Main, a",
        "java -cp a -jar app.jar, app.jar",
        "java -jar app.jar -cp a, app.jar",
        "java Main, from-environment",
        "java -cp, ''"
    })
    void parse_findsTheClassPath(String command, String classPath) {
        assertThat(parse(command)).isPresent();
        assertThat(parse(command).orElseThrow().classPath()).isEqualTo(classPath);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash -c java", "javac Main", "python java", "./java/run"})
    void parse_isEmpty_whenItIsNotJava(String command) {
        assertThat(parse(command)).isEmpty();
    }

    @Test
    void parse_takesPropertiesOfTheJvmOnly() {
        assertThat(parse("java -Da=1 -Db -Dc=x=y -cp a Main -Dd=2").orElseThrow().properties())
                .isEqualTo(Map.of("a", "1", "b", "", "c", "x=y"));
    }

    @Test
    void classPathFiles_expandFoldersAsTheJvmDoes(@TempDir Path folder) throws IOException {
        Path lib = Files.createDirectory(folder.resolve("lib"));
        Path jar = Files.createFile(lib.resolve("a.jar"));
        Files.createFile(lib.resolve("readme.txt"));
        JavaCommand command = parse("java -cp classes:lib/*:none/*:lib/b.jar Main").orElseThrow();
        assertThat(command.classPathFiles(folder))
                .containsExactly(folder.resolve("classes"), jar, lib.resolve("b.jar"));
    }

    private static Optional<JavaCommand> parse(String command) {
        List<String> words = Arrays.asList(command.split(" ", -1));
        return JavaCommand.parse(words, Map.of("CLASSPATH", "from-environment"));
    }
}
