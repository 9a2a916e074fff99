package org.jhorovod.launcher.endtoend;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;

/** Says where the ranks meet, and goes on when rank 0 is told a word. */
public final class AnsweringProgram {
    private AnsweringProgram() {}

    /** Runs the rank. */
    public static void main(String[] arguments) throws IOException {
        Communicator communicator = JHorovod.init();
        communicator.barrier("begin");
        if (communicator.rank() == 0) {
            System.out.println(
                    "rendezvous=" + Configuration.fromProcess().get(Settings.RENDEZVOUS) + ".");
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        }
        communicator.barrier("end");
        System.out.println("done");
    }
}
