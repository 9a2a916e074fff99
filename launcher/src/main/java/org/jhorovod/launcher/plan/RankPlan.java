package org.jhorovod.launcher.plan;

import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;

/**
 * What is particular to one rank.
 *
 * @param rank its number
 * @param environment what it finds in its environment beyond what all ranks of the host do
 */
public record RankPlan(int rank, List<EnvironmentChange> environment) {

    /** Copies the list. */
    public RankPlan {
        environment = List.copyOf(environment);
    }

    /** The plan of the rank at this place. */
    public static RankPlan of(Topology place, String rendezvous, String runId, int generation) {
        return new RankPlan(
                place.rank(),
                List.of(
                        change(Settings.RANK, place.rank()),
                        change(Settings.SIZE, place.size()),
                        change(Settings.LOCAL_RANK, place.localRank()),
                        change(Settings.LOCAL_SIZE, place.localSize()),
                        change(Settings.CROSS_RANK, place.crossRank()),
                        change(Settings.CROSS_SIZE, place.crossSize()),
                        change(Settings.GENERATION, generation),
                        change(Settings.HOST, place.host()),
                        change(Settings.RENDEZVOUS, rendezvous),
                        change(Settings.RUN_ID, runId)));
    }

    /** The same with one more change, made after the others. */
    RankPlan with(EnvironmentChange change) {
        List<EnvironmentChange> changes = new ArrayList<>(environment);
        changes.add(change);
        return new RankPlan(rank, changes);
    }

    private static EnvironmentChange change(Setting<?> setting, Object value) {
        return new EnvironmentChange(setting.environmentName(), value.toString());
    }
}
