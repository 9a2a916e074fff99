package org.jhorovod.nccl;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.JHorovod;

/**
 * The process of one rank in a {@link RankGroup}: runs the cases that it reads from standard input,
 * one a line, and answers each with a line on standard output.
 */
public final class RankWorker {
    static final String RESULT = "@@result ";
    static final String FAILURE = "@@failure ";

    private RankWorker() {}

    /** Serves until standard input ends. */
    public static void main(String[] none) throws IOException {
        try (PrintStream answers =
                        new PrintStream(
                                new FileOutputStream(FileDescriptor.out),
                                true,
                                StandardCharsets.UTF_8);
                BufferedReader cases =
                        new BufferedReader(
                                new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            System.setOut(System.err); // what cases print is for people
            for (String line = cases.readLine(); line != null; line = cases.readLine()) {
                answers.println(answer(decode(line)));
            }
        }
        JHorovod.shutdown();
    }

    private static String answer(List<String> words) {
        try {
            RankCase rankCase =
                    Class.forName(words.get(0))
                            .asSubclass(RankCase.class)
                            .getDeclaredConstructor()
                            .newInstance();
            List<String> arguments = words.subList(1, words.size());
            return RESULT + encode(List.of(rankCase.run(JHorovod.init(), arguments)));
        } catch (Exception | LinkageError | AssertionError e) {
            StringWriter trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace, true));
            return FAILURE + encode(List.of(trace.toString()));
        }
    }

    /** Several texts as one line. */
    static String encode(List<String> words) {
        return words.stream()
                .map(w -> Base64.getEncoder().encodeToString(w.getBytes(StandardCharsets.UTF_8)))
                .collect(Collectors.joining(","));
    }

    /** The texts of a line of {@link #encode}. */
    static List<String> decode(String line) {
        return Arrays.stream(line.split(",", -1))
                .map(w -> new String(Base64.getDecoder().decode(w), StandardCharsets.UTF_8))
                .toList();
    }
}
