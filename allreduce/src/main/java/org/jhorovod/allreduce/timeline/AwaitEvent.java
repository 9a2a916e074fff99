package org.jhorovod.allreduce.timeline;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/**
 * A wait for the end of a collective, for the JDK's flight recorder, with the stack that says of
 * which. To be begun and committed by the thread that waits.
 */
@Name("org.jhorovod.Await")
@Label("Wait for a collective")
@Description("A thread waits for a collective to end on this rank")
@Category("JHorovod")
public final class AwaitEvent extends Event {}
