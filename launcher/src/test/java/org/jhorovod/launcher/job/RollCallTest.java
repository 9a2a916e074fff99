package org.jhorovod.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jhorovod.launcher.agent.AgentEvent;
import org.jhorovod.launcher.agent.HostIdentity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class RollCallTest {
    private static final Duration SHORT = Duration.ofMillis(50);

    private final RollCall<JobEvent.AgentReady> call =
            new RollCall<>(JobEvent.AgentReady.class, List.of("a", "b", "c"));

    @Test
    void call_endsWithTheLastAnswer_andLeavesWhatComesLater() throws Exception {
        LinkedBlockingQueue<JobEvent> events =
                queue(ready("b"), ready("a"), ready("c"), ready("x"));
        call.run(events, Deadline.after(Duration.ofHours(1)));
        assertThat(call.answers()).containsOnlyKeys("a", "b", "c");
        assertThat(call.silent()).isEmpty();
        assertThat(events).hasSize(1);
    }

    @Test
    void lostHost_doesNotKeepOthersFromAnswering() throws Exception {
        call.run(
                queue(lost("b"), ready("a"), ready("c"), ready("x")),
                Deadline.after(Duration.ofHours(1)));
        assertThat(call.answers()).containsOnlyKeys("a", "c");
        assertThat(call.failures()).containsEntry("b", "why").hasSize(1);
    }

    @Test
    void hostThatAnswers_andIsLostThen_hasFailed() throws Exception {
        call.run(queue(ready("b"), lost("b"), ready("a")), Deadline.after(SHORT));
        assertThat(call.answers()).containsOnlyKeys("a");
        assertThat(call.failures()).containsOnlyKeys("b");
        assertThat(call.lastAnswer("b")).as("which may tell why").contains(readyAs("b"));
        assertThat(call.silent()).containsExactly("c");
    }

    @Test
    void call_waitsForItsOwnKindOfAnswer() throws Exception {
        JobEvent other = new JobEvent.AddressesTried("a", new HostIdentity(""), ImmutableList.of());
        call.run(queue(other), Deadline.after(SHORT));
        assertThat(call.silent()).containsExactly("a", "b", "c");
    }

    @Test
    void interruption_endsTheCall() throws Exception {
        call.run(
                queue(ready("a"), new JobEvent.Interrupted(2)),
                Deadline.after(Duration.ofHours(1)));
        assertThat(call.interruption()).isEqualTo(2);
    }

    private static LinkedBlockingQueue<JobEvent> queue(JobEvent... events) {
        return new LinkedBlockingQueue<>(List.of(events));
    }

    private static JobEvent ready(String host) {
        return readyAs(host);
    }

    private static JobEvent.AgentReady readyAs(String host) {
        return new JobEvent.AgentReady(host, new AgentEvent.Hello(1, "1"));
    }

    private static JobEvent lost(String host) {
        return new JobEvent.AgentLost(host, "why");
    }
}
