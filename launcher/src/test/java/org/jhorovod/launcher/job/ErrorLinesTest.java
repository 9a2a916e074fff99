package org.jhorovod.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class ErrorLinesTest {
    private final List<String> passedOn = new ArrayList<>();
    private final ErrorLines lines = new ErrorLines(passedOn::add);

    @Test
    void lines_areTheReason_ofAHostThatDoesNotAnswer() {
        assertThat(lines.asReason()).isEmpty();
        lines.readAll(stream("one\r\n\n  two\n"));
        assertThat(lines.asReason()).isEqualTo(": one; two");
        assertThat(passedOn).isEmpty();
    }

    @Test
    void lines_arePassedOn_onceTheHostHasAnswered() {
        lines.add("before");
        lines.relay();
        lines.add("after");
        assertThat(passedOn).containsExactly("before", "after");
        assertThat(lines.asReason()).isEqualTo(": after");
    }

    @Test
    void lineThatWasPassedOnLongAgo_isNoReasonAnyMore() {
        AtomicLong nanos = new AtomicLong();
        ErrorLines timed = new ErrorLines(passedOn::add, nanos::get);
        timed.relay();
        timed.add("old");
        nanos.addAndGet(Duration.ofMinutes(1).toNanos());
        timed.add("new");
        assertThat(timed.asReason()).isEqualTo(": new");
    }

    @Test
    void reason_isNotWithoutEnd() {
        IntStream.range(0, 1000).forEach(i -> lines.add("line " + i));
        assertThat(lines.asReason()).startsWith(": line 980;").endsWith("line 999");
    }

    private static ByteArrayInputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }
}
