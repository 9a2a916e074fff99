package org.jhorovod.allreduce.faults;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.faults.RandomJob.WrongResultException;

/**
 * A rank of a random job, which says on standard output how far it is ({@link RankReport}). Its
 * failure ends it as that of any program does: the exception leaves {@code main}.
 */
final class RandomRank {
    private RandomRank() {}

    /**
     * Runs the rank.
     *
     * @param arguments the seed, how many steps, and whether it stays once it has failed, until a
     *     line comes by standard input
     */
    public static void main(String[] arguments) throws IOException {
        long seed = Long.parseLong(arguments[0]);
        int steps = Integer.parseInt(arguments[1]);
        boolean lingers = Boolean.parseBoolean(arguments[2]);
        PrintStream said = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try {
            new RandomJob(JHorovod.init().planned(), seed)
                    .run(
                            steps,
                            step -> said.println(RankReport.step(step)),
                            () -> said.println(RankReport.last()));
            JHorovod.shutdown();
            said.println(RankReport.done());
        } catch (WrongResultException e) {
            said.println(RankReport.wrong(String.valueOf(e.getMessage())));
            throw e;
        } catch (CollectiveException e) {
            said.println(RankReport.failed(e));
            if (lingers) {
                int unused = System.in.read();
            }
            throw e;
        }
    }
}
