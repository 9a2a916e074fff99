package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class ExampleCommandTest {

    @Test
    void everyListedExampleHasAMainAndHelp() throws Exception {
        Properties examples = new Properties();
        try (InputStream in =
                ExampleCommand.class.getResourceAsStream(
                        "/META-INF/jhorovod-examples.properties")) {
            examples.load(in);
        }

        assertThat(examples.stringPropertyNames())
                .containsExactlyInAnyOrder("fashion-mnist", "custom-loop");
        for (String name : examples.stringPropertyNames()) {
            Class<?> example = Class.forName(examples.getProperty(name));
            assertThat(example.getMethod("main", String[].class)).isNotNull();
            assertThat(example.getAnnotation(Command.class).name()).isEqualTo(name);
        }
    }

    @Test
    void helpNamesTheOptionsAndWhereTheFullDataIs() {
        StringWriter help = new StringWriter();

        new CommandLine(new FashionMnist()).usage(new PrintWriter(help));

        assertThat(help.toString())
                .contains("--data=DIR", "--epochs=N", "--batch-size=N", "dataset-fashion-mnist");
    }

    @Test
    void run_printsTheMessageAlone_whenTheDataIsBroken() {
        StringWriter err = new StringWriter();
        @Command
        class Broken implements Callable<Integer> {
            @Override
            public Integer call() {
                throw new DataException("train.gz is not there");
            }
        }

        int exitCode = ExampleCommand.of(new Broken()).setErr(new PrintWriter(err, true)).execute();

        assertThat(exitCode).isEqualTo(1);
        assertThat(err.toString().strip()).isEqualTo("train.gz is not there");
    }
}
