package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What options and this host's GPUs change for the ranks. */
@Timeout(120)
class OptionsIT {
    private static final String SHOW_GPUS =
            "echo $JHOROVOD_LOCAL_RANK: ${CUDA_VISIBLE_DEVICES-unset}";

    @TempDir Path folder;

    @Test
    void eachRank_seesItsOwnEntry_ofTheGivenGpus() throws Exception {
        Jhorovodrun.Result result =
                run("4", "bash", "-c", SHOW_GPUS).with("CUDA_VISIBLE_DEVICES", "4,5,6,7").run();
        assertThat(result.sortedLines())
                .containsExactly(
                        "[0]<stdout>:0: 4",
                        "[1]<stdout>:1: 5",
                        "[2]<stdout>:2: 6",
                        "[3]<stdout>:3: 7");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void eachRank_seesItsOwnEntry_ofTheHostsGpus() throws Exception {
        Jhorovodrun.Result result =
                run("4", "bash", "-c", SHOW_GPUS)
                        .without("CUDA_VISIBLE_DEVICES")
                        .with("PATH", withFourGpus())
                        .run();
        assertThat(result.sortedLines())
                .containsExactly(
                        "[0]<stdout>:0: GPU-0a",
                        "[1]<stdout>:1: GPU-1a",
                        "[2]<stdout>:2: GPU-2a",
                        "[3]<stdout>:3: GPU-3a");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void eachRank_seesItsOwnEntry_ofTheGpusThatTheUserPasses() throws Exception {
        Jhorovodrun.Result result =
                run("2", "-x", "CUDA_VISIBLE_DEVICES=3,1", "bash", "-c", SHOW_GPUS)
                        .with("CUDA_VISIBLE_DEVICES", "7")
                        .run();
        assertThat(result.sortedLines()).containsExactly("[0]<stdout>:0: 3", "[1]<stdout>:1: 1");
    }

    @Test
    void noRank_seesAGpu_whereNoneIsWanted() throws Exception {
        Jhorovodrun.Result result =
                run("2", "bash", "-c", SHOW_GPUS)
                        .with("CUDA_VISIBLE_DEVICES", "")
                        .with("PATH", withFourGpus())
                        .run();
        assertThat(result.sortedLines()).containsExactly("[0]<stdout>:0:", "[1]<stdout>:1:");
    }

    @Test
    void moreRanksThanGpus_share_andOneLineSaysSo() throws Exception {
        Jhorovodrun.Result result =
                run("3", "bash", "-c", SHOW_GPUS).with("CUDA_VISIBLE_DEVICES", "0,1").run();
        assertThat(result.sortedLines())
                .containsExactly("[0]<stdout>:0: 0", "[1]<stdout>:1: 1", "[2]<stdout>:2: 0");
        assertThat(result.err()).hasLineCount(1).contains("has 2 GPUs for 3 ranks");
    }

    @Test
    void outputFiles_holdWhatEachRankWrote_besideTheConsole() throws Exception {
        Path logs = folder.resolve("logs");
        String script = "printf 'a\\rb %s' $JHOROVOD_RANK; echo err >&2";
        Jhorovodrun.Result result =
                run("11", "--output-filename", logs.toString(), "bash", "-c", script).run();
        assertThat(result.code()).isZero();
        assertThat(logs.resolve("rank.00/stdout")).hasContent("a\rb 0");
        assertThat(logs.resolve("rank.10/stdout")).hasContent("a\rb 10");
        assertThat(logs.resolve("rank.10/stderr")).hasContent("err\n");
        assertThat(result.out()).contains("[10]<stdout>:b 10\n");
        assertThat(result.err().lines()).hasSize(11);
    }

    @Test
    void outputFiles_ofOneRank_areThoseOfRank0() throws Exception {
        assertThat(run("1", "--output-filename", folder + "/logs", "echo", "hello").run().code())
                .isZero();
        assertThat(folder.resolve("logs/rank.0/stdout")).hasContent("hello\n");
    }

    @Test
    void outputFiles_thatCannotBeCreated_endTheJobBeforeItStarts() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "mine");
        Jhorovodrun.Result result =
                run("1", "--output-filename", file.toString(), "touch", folder + "/started").run();
        assertThat(result.code()).isEqualTo(2);
        assertThat(result.err()).hasLineCount(1).contains("--output-filename", file.toString());
        assertThat(folder.resolve("started")).doesNotExist();
        assertThat(file).hasContent("mine");
    }

    @Test
    void variables_thatTheUserNames_reachTheRanksAsTheyAreHere() throws Exception {
        Jhorovodrun.Result result =
                run(
                                "1",
                                "-x",
                                "GIVEN=a b=c",
                                "-x",
                                "JAVA_TOOL_OPTIONS",
                                "bash",
                                "-c",
                                "echo \"$GIVEN|$JAVA_TOOL_OPTIONS\"")
                        .with("GIVEN", "other")
                        .with("JAVA_TOOL_OPTIONS", "-Dsome=thing")
                        .run();
        assertThat(result.out()).isEqualTo("[0]<stdout>:a b=c|-Dsome=thing\n");
    }

    @Test
    void wordsWithAnAt_areTheProgramsMatter() throws Exception {
        Files.writeString(folder.resolve("words"), "expanded");
        Jhorovodrun.Result result = run("1", "echo", "@words").in(folder).run();
        assertThat(result.out()).isEqualTo("[0]<stdout>:@words\n");
    }

    @Test
    void hostfile_saysHowManyRanksRunHere() throws Exception {
        Path hosts = Files.writeString(folder.resolve("hosts"), "# here\nlocalhost slots=3\n");
        Jhorovodrun.Result result =
                Jhorovodrun.of("--hostfile", hosts.toString(), "bash", "-c", "echo $JHOROVOD_HOST")
                        .run();
        assertThat(result.sortedLines())
                .containsExactly(
                        "[0]<stdout>:localhost", "[1]<stdout>:localhost", "[2]<stdout>:localhost");
    }

    @Test
    void dryRun_printsThePlan_andStartsNothing() throws Exception {
        Path started = folder.resolve("started");
        Jhorovodrun.Result result = run("2", "--dry-run", "touch", started.toString()).run();
        assertThat(result.code()).isZero();
        assertThat(result.out().lines())
                .contains(
                        "2 ranks on 1 host; nothing is started.",
                        "  rank 1: local rank 1 of 2, cross rank 0 of 1",
                        "Each rank runs: touch " + started);
        assertThat(started).doesNotExist();
    }

    private static Jhorovodrun.Builder run(String ranks, String... words) {
        List<String> all = new ArrayList<>(List.of("-np", ranks));
        all.addAll(List.of(words));
        return Jhorovodrun.of(all.toArray(String[]::new));
    }

    /** A PATH with an nvidia-smi that pretends. */
    private String withFourGpus() throws Exception {
        Path tool = folder.resolve("nvidia-smi");
        Files.writeString(
                tool,
                """
                #!/bin/sh
                [ "$*" = -L ] || exit 1
                for i in 0 1 2 3; do echo "GPU $i: Pretended (UUID: GPU-${i}a)"; done
                """);
        assertThat(tool.toFile().setExecutable(true)).isTrue();
        return folder + ":" + System.getenv("PATH");
    }
}
