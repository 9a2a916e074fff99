package org.jhorovod.allreduce.conformance;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Where Open MPI keeps its sessions in place of the system's temporary folder, where it leaves some
 * of them: removed with this. To be closed when all processes of the job have ended.
 */
public final class MpirunFolder implements AutoCloseable {
    private final Path path;

    /** Makes the folder; its name is short, as names of sockets in it may have 107 bytes. */
    public MpirunFolder() throws IOException {
        path = Files.createTempDirectory("mpi");
    }

    /** What tells mpirun on this host, and those whom it starts on others. */
    public Map<String, String> environment() {
        return Map.of("TMPDIR", path.toString(), "OMPI_MCA_orte_tmpdir_base", path.toString());
    }

    @Override
    public void close() throws IOException {
        MoreFiles.deleteRecursively(path, RecursiveDeleteOption.ALLOW_INSECURE);
    }
}
