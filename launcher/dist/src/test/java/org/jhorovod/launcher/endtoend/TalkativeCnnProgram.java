package org.jhorovod.launcher.endtoend;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;

/** Trains as {@link CnnProgram} does, and sends its parameters over the line once more. */
public final class TalkativeCnnProgram {
    /** The tensor's name. */
    static final String NAME = "parameters-at-the-end";

    private TalkativeCnnProgram() {}

    /** Runs the rank. */
    public static void main(String[] arguments) throws Exception {
        CnnProgram.main(arguments);
        Communicator communicator = JHorovod.init();
        byte[] parameters = Files.readAllBytes(Path.of(arguments[0] + communicator.rank()));
        HostTensor tensor = HostTensor.allocate(DataType.INT8, parameters.length);
        tensor.buffers().get(0).put(parameters);
        communicator.broadcast(NAME, tensor, 0);
    }
}
