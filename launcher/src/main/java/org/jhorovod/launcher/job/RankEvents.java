package org.jhorovod.launcher.job;

import java.io.IOException;
import org.jhorovod.launcher.agent.AgentEvent;

/** Turns what agents say of the processes that they hold into events of the ranks. */
interface RankEvents {
    /**
     * Takes {@link AgentEvent.Output}, Started, StartFailed, NotStarted or Exited; called by one
     * thread for each agent.
     *
     * @throws IOException if nobody reads the console any more
     */
    void heard(AgentEvent event) throws IOException;
}
