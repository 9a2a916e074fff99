package org.jhorovod.allreduce.ranks;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Constructor;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.ranks.RankGroup.Outcome;

/**
 * The process of one rank in a {@link RankGroup}: runs the cases that it reads from standard input,
 * one a line, and answers each with a line on standard output.
 */
public final class RankWorker {

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
                answers.println(RankLine.of(answer(RankLine.words(line))));
            }
        }
        JHorovod.shutdown();
    }

    private static Outcome answer(List<String> words) {
        try {
            Constructor<? extends RankCase> constructor =
                    Class.forName(words.get(0)).asSubclass(RankCase.class).getDeclaredConstructor();
            constructor.setAccessible(true); // cases are seen by their own package alone
            RankCase rankCase = constructor.newInstance();
            List<String> arguments = words.subList(1, words.size());
            return new Outcome(false, rankCase.run(JHorovod.init().planned(), arguments));
        } catch (Exception | LinkageError | AssertionError e) {
            StringWriter trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace, true));
            return new Outcome(true, trace.toString());
        }
    }
}
