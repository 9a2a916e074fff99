package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
                .containsExactlyInAnyOrder(
                        "fashion-mnist",
                        "custom-loop",
                        "allreduce-perf",
                        "train-perf",
                        "slow-link");
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

    @ParameterizedTest
    @CsvSource({"--epochs, 0", "--epochs, two", "--batch-size, -1", "--learning-rate, fast"})
    void run_saysInOneLineWhichOptionIsWrong(String option, String value) {
        StringWriter err = new StringWriter();

        int exitCode =
                ExampleCommand.of(new CustomLoop())
                        .setErr(new PrintWriter(err, true))
                        .execute(option, value);

        assertThat(exitCode).isEqualTo(2);
        assertThat(err.toString().strip())
                .contains("'" + option + "'", "'" + value + "'", "--help")
                .doesNotContain("\n");
    }

    @ParameterizedTest
    @CsvSource({
        "--min, 4X, 4X",
        "--factor, 1, whole number from 2",
        "--iters, 0, whole number from 1",
        "--type, complex, is none of float32",
        "--op, mean, is none of sum",
        "--max, 1K, --min 4096 is more than --max 1024",
        "--json, , Missing required parameter"
    })
    void allReducePerf_saysInOneLineWhichOptionIsWrong(String option, String value, String words) {
        assertThat(errorOf(value == null ? new String[] {option} : new String[] {option, value}))
                .contains(words, "--help")
                .doesNotContain("\n");
    }

    @Test
    void allReducePerf_refusesBeforeItStarts_whatCannotBeMeasured() {
        assertThat(errorOf("--type=bool", "--op=sum")).contains("--type bool has no sum");
        assertThat(errorOf("--device", "--max=2G")).contains("up to 2147483632 bytes");
    }

    @ParameterizedTest
    @CsvSource({
        "--model, vgg, is none of mlp",
        "--sync, maybe, 'is none of on, off, none, single, named, traced, compare, fusion,"
                + " tracing'",
        "--device, tpu, 'is none of cpu, gpu'",
        "--blocks, 0, whole number from 1",
        "--batch, many, whole number from 1",
        "--threads, -1, whole number from 1"
    })
    void trainPerf_saysInOneLineWhichOptionIsWrong(String option, String value, String words) {
        assertThat(errorOf(new TrainPerf(), option, value))
                .contains("'" + value + "'", words, "--help")
                .doesNotContain("\n");
    }

    @ParameterizedTest
    @CsvSource({
        "--way, fast, is no way to train",
        "--accuracy, 87, is no share from 0 to 1",
        "--accuracy, 0.0, is no share from 0 to 1",
        "--seconds, 0, whole number from 1"
    })
    void slowLink_saysInOneLineWhichOptionIsWrong(String option, String value, String words) {
        assertThat(errorOf(new SlowLink(), option, value))
                .contains("'" + value + "'", words, "--help")
                .doesNotContain("\n");
    }

    @Test
    void trainPerf_asksForItsModel() {
        assertThat(errorOf(new TrainPerf(), "--sync=on"))
                .contains("Missing required option: '--model=MODEL'; --help")
                .doesNotContain("\n");
    }

    private static String errorOf(String... options) {
        return errorOf(new AllReducePerf(), options);
    }

    private static String errorOf(Callable<Integer> example, String... options) {
        StringWriter err = new StringWriter();
        int exitCode =
                ExampleCommand.of(example).setErr(new PrintWriter(err, true)).execute(options);
        assertThat(exitCode).isEqualTo(2);
        return err.toString().strip();
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
