package org.jhorovod.allreduce.timeline;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A wait for other ranks, for the JDK's flight recorder. */
@Name("org.jhorovod.Wait")
@Label("Wait for other ranks")
@Description("The training thread waits for other ranks, or reduces itself")
@Category("JHorovod")
@StackTrace(false)
final class WaitEvent extends Event {
    @Label("For")
    String tensor = "";
}
