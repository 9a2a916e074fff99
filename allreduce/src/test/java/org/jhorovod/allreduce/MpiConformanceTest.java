package org.jhorovod.allreduce;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jhorovod.allreduce.conformance.BackendConformance;
import org.jhorovod.allreduce.conformance.ConformanceGroup;
import org.jhorovod.allreduce.conformance.Mpirun;
import org.jhorovod.allreduce.conformance.Outcome;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** Open MPI, under a plain {@code mpirun}, against the suite that every backend passes. */
@Tag("mpi")
class MpiConformanceTest extends BackendConformance {

    @BeforeAll
    static void requireMpi() {
        Optional<String> whyNot = Mpirun.whyNot();
        Assumptions.assumeTrue(whyNot.isEmpty(), () -> whyNot.orElse(""));
    }

    @Override
    protected List<Integer> sizes() {
        return List.of(2, 4);
    }

    @Override
    protected boolean startsProcesses() {
        return true;
    }

    @Override
    protected List<Outcome> run(ConformanceGroup group) throws Exception {
        // Or mpirun would end the survivors of a death before they can say what they were told.
        List<String> options = group.dyingRank() < 0 ? List.of() : List.of("--enable-recovery");
        return new Mpirun(options, Map.of("JHOROVOD_BACKEND", "mpi")).run(group);
    }
}
