package org.jhorovod.allreduce.backend.mpi;

import java.io.IOException;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.MpirunOptions;
import org.jhorovod.allreduce.spi.Availability;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.HostMemoryProvider;
import org.jhorovod.allreduce.spi.Meeting;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens Open MPI, where {@code mpirun} started the ranks and its Java classes are there. */
public final class MpiBackendProvider implements HostMemoryProvider {
    private static final Logger logger = LoggerFactory.getLogger(MpiBackendProvider.class);

    @Override
    public String name() {
        return "mpi";
    }

    @Override
    public Availability probe(Configuration configuration) {
        if (!MpiBindings.areThere()) {
            return Availability.unavailable(
                    "mpi.jar is not on the class path; docker/build-mpi-jar builds it.");
        }
        if (configuration.mpirun().isEmpty()) {
            return Availability.unavailable(
                    "not started by mpirun; use jhorovodrun --mpi, or mpirun.");
        }
        try {
            return Availability.available(MpiBindings.load().version());
        } catch (MpiException e) {
            return Availability.unavailable(
                    e.getMessage() + "; install libopenmpi-dev, or set java.library.path.");
        }
    }

    @Override
    public HostMemoryBackend open(Meeting meeting) throws IOException {
        Topology self = meeting.self();
        MpiProcess mpi = MpiProcess.join(meeting.configuration());
        if (mpi.rank() != self.rank() || mpi.size() != self.size()) {
            throw new IOException(
                    "MPI calls this process rank %d of %d, and the job calls it rank %d of %d; JHOROVOD_RANK and JHOROVOD_SIZE must not be set under mpirun"
                            .formatted(mpi.rank(), mpi.size(), self.rank(), self.size()));
        }
        warnIfSpinning(self, meeting.configuration());
        if (self.rank() == 0) {
            logger.info("Backend mpi: {}, THREAD_MULTIPLE", mpi.bindings().version());
        }
        return new MpiBackend(self, mpi);
    }

    private static void warnIfSpinning(Topology self, Configuration configuration) {
        Optional<MpirunOptions> options = configuration.mpirun();
        int cores = Runtime.getRuntime().availableProcessors();
        if (self.localRank() == 0
                && options.filter(o -> !o.bindsRanks() && !o.yieldsWhenIdle()).isPresent()
                && self.localSize() > cores) {
            logger.warn(
                    "{} ranks share {} cores of {}, and MPI keeps a core busy while it waits: start"
                            + " with mpirun --mca mpi_yield_when_idle 1.",
                    self.localSize(),
                    cores,
                    self.host());
        }
    }
}
