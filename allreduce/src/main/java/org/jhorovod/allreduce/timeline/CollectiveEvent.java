package org.jhorovod.allreduce.timeline;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A collective, for the JDK's flight recorder. */
@Name("org.jhorovod.Collective")
@Label("Collective")
@Description("A collective that has run on this rank")
@Category("JHorovod")
@StackTrace(false)
final class CollectiveEvent extends Event {
    @Label("Name")
    String tensor = "";

    @Label("Kind")
    String kind = "";

    @Label("Bytes")
    @DataAmount
    long bytes;

    @Label("Sequence")
    @Description("Its number among the collectives of its communicator")
    long sequence;

    @Label("Tensors")
    @Description("How many were packed together, and ran as one")
    int tensors;

    @Label("Names")
    @Description("The first of those that were packed together")
    String names = "";
}
