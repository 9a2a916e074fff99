package org.jhorovod.launcher.agent;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.jhorovod.launcher.plan.HostPlan;
import org.jhorovod.launcher.plan.RankPlan;

/**
 * Commands and events as bytes on the pipe between launcher and agent.
 *
 * <p>A frame is a length (int), a kind (byte) and the fields in their order. A text is a length
 * (int, -1 for null) and UTF-8; a list is a count (int) and its elements.
 */
public final class AgentWire {
    /** Raised whenever a frame changes. */
    public static final int VERSION = 3;

    private static final byte[] MARK = "\0jhorovod-agent:".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_BYTES_BEFORE_MARK = 64 * 1024;
    private static final int START = 1;
    private static final int INPUT = 2;
    private static final int END_OF_INPUT = 3;
    private static final int SIGNAL = 4;
    private static final int GREET = 5;
    private static final int TRY_ADDRESSES = 6;
    private static final int BEAT = 7;
    private static final int PREPARED = 11;
    private static final int STARTED = 12;
    private static final int START_FAILED = 13;
    private static final int OUTPUT = 14;
    private static final int INPUT_TAKEN = 15;
    private static final int EXITED = 16;
    private static final int NOTICE = 17;
    private static final int NOT_STARTED = 18;
    private static final int HELLO = 19;
    private static final int ADDRESSES_TRIED = 20;
    private static final int ALIVE = 21;

    private AgentWire() {}

    /** Writes what tells the agent's events from anything that a login shell may print before. */
    static void writeMark(OutputStream out) throws IOException {
        synchronized (out) {
            out.write(MARK);
            out.flush();
        }
    }

    /**
     * Reads up to the mark.
     *
     * @return what came before it
     * @throws IOException if it does not come
     */
    public static String skipToMark(InputStream in) throws IOException {
        ByteArrayOutputStream before = new ByteArrayOutputStream();
        int matched = 0; // bytes of the mark, whose first byte does not come again in it
        while (before.size() < MAX_BYTES_BEFORE_MARK) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException(before.toString(StandardCharsets.UTF_8));
            }
            before.write(next);
            matched = next == MARK[matched] ? matched + 1 : next == MARK[0] ? 1 : 0;
            if (matched == MARK.length) {
                byte[] read = before.toByteArray();
                return new String(read, 0, read.length - matched, StandardCharsets.UTF_8);
            }
        }
        throw new IOException("it speaks, but not as an agent of JHorovod does");
    }

    /** Writes one command and flushes. */
    public static void write(AgentCommand command, OutputStream out) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(body);
        if (command instanceof AgentCommand.Start start) {
            data.writeByte(START);
            writePlan(start.plan(), data);
        } else if (command instanceof AgentCommand.Input input) {
            data.writeByte(INPUT);
            data.write(input.bytes().toArray());
        } else if (command instanceof AgentCommand.EndOfInput) {
            data.writeByte(END_OF_INPUT);
        } else if (command instanceof AgentCommand.Signal signal) {
            data.writeByte(SIGNAL);
            data.writeByte(signal.signal().ordinal());
        } else if (command instanceof AgentCommand.Greet greet) {
            data.writeByte(GREET);
            data.writeLong(greet.liveness().toMillis());
            data.writeBoolean(greet.isRemote());
        } else if (command instanceof AgentCommand.TryAddresses wanted) {
            data.writeByte(TRY_ADDRESSES);
            Frame.writeTexts(wanted.addresses(), data);
            data.writeInt(wanted.port());
            Frame.writeText(wanted.secret().encoded(), data);
            data.writeLong(wanted.timeout().toMillis());
        } else if (command instanceof AgentCommand.Beat) {
            data.writeByte(BEAT);
        } else {
            throw new AssertionError(command);
        }
        Frame.send(body, out);
    }

    /** Writes one event and flushes. */
    public static void write(AgentEvent event, OutputStream out) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(body);
        if (event instanceof AgentEvent.Prepared prepared) {
            data.writeByte(PREPARED);
            Frame.writeText(prepared.secretFolder(), data);
        } else if (event instanceof AgentEvent.Started started) {
            data.writeByte(STARTED);
            data.writeInt(started.rank());
            data.writeLong(started.pid());
        } else if (event instanceof AgentEvent.StartFailed failed) {
            data.writeByte(START_FAILED);
            data.writeInt(failed.rank());
            Frame.writeText(failed.reason(), data);
        } else if (event instanceof AgentEvent.NotStarted missing) {
            data.writeByte(NOT_STARTED);
            data.writeInt(missing.rank());
        } else if (event instanceof AgentEvent.Output output) {
            data.writeByte(OUTPUT);
            data.writeInt(output.rank());
            data.writeByte(output.stream().ordinal());
            data.write(output.bytes().toArray());
        } else if (event instanceof AgentEvent.InputTaken) {
            data.writeByte(INPUT_TAKEN);
        } else if (event instanceof AgentEvent.Exited exited) {
            data.writeByte(EXITED);
            data.writeInt(exited.rank());
            data.writeInt(exited.code());
        } else if (event instanceof AgentEvent.Notice notice) {
            data.writeByte(NOTICE);
            Frame.writeText(notice.text(), data);
        } else if (event instanceof AgentEvent.Hello hello) {
            data.writeByte(HELLO);
            data.writeInt(hello.wireVersion());
            Frame.writeText(hello.version(), data);
        } else if (event instanceof AgentEvent.AddressesTried tried) {
            data.writeByte(ADDRESSES_TRIED);
            Frame.writeText(tried.identity().text(), data);
            data.writeInt(tried.trials().size());
            for (AddressTrial trial : tried.trials()) {
                Frame.writeText(trial.address(), data);
                Frame.writeText(trial.failure(), data);
            }
        } else if (event instanceof AgentEvent.Beat) {
            data.writeByte(ALIVE);
        } else {
            throw new AssertionError(event);
        }
        Frame.send(body, out);
    }

    /**
     * Reads one command; empty at the end of the stream.
     *
     * @throws IOException if the pipe breaks or holds something else
     */
    public static Optional<AgentCommand> readCommand(InputStream in) throws IOException {
        byte[] body = Frame.receive(in);
        if (body == null) {
            return Optional.empty();
        }
        DataInputStream data = new DataInputStream(new ByteArrayInputStream(body));
        int kind = data.readByte();
        AgentCommand command =
                switch (kind) {
                    case START -> new AgentCommand.Start(readPlan(data));
                    case INPUT -> new AgentCommand.Input(Frame.readRest(data));
                    case END_OF_INPUT -> new AgentCommand.EndOfInput();
                    case SIGNAL ->
                            new AgentCommand.Signal(Frame.element(UnixSignal.values(), data));
                    case GREET ->
                            new AgentCommand.Greet(
                                    Duration.ofMillis(data.readLong()), data.readBoolean());
                    case TRY_ADDRESSES ->
                            new AgentCommand.TryAddresses(
                                    Frame.readTexts(data),
                                    data.readInt(),
                                    readSecret(data),
                                    Duration.ofMillis(data.readLong()));
                    case BEAT -> new AgentCommand.Beat();
                    default -> throw new IOException("unknown command " + kind);
                };
        Frame.requireEnd(data);
        return Optional.of(command);
    }

    /**
     * Reads one event; empty at the end of the stream.
     *
     * @throws IOException if the pipe breaks or holds something else
     */
    public static Optional<AgentEvent> readEvent(InputStream in) throws IOException {
        byte[] body = Frame.receive(in);
        if (body == null) {
            return Optional.empty();
        }
        DataInputStream data = new DataInputStream(new ByteArrayInputStream(body));
        int kind = data.readByte();
        AgentEvent event =
                switch (kind) {
                    case PREPARED -> new AgentEvent.Prepared(Frame.readText(data));
                    case STARTED -> new AgentEvent.Started(data.readInt(), data.readLong());
                    case START_FAILED ->
                            new AgentEvent.StartFailed(data.readInt(), Frame.readText(data));
                    case NOT_STARTED -> new AgentEvent.NotStarted(data.readInt());
                    case OUTPUT ->
                            new AgentEvent.Output(
                                    data.readInt(),
                                    Frame.element(AgentEvent.Stream.values(), data),
                                    Frame.readRest(data));
                    case INPUT_TAKEN -> new AgentEvent.InputTaken();
                    case EXITED -> new AgentEvent.Exited(data.readInt(), data.readInt());
                    case NOTICE -> new AgentEvent.Notice(Frame.readText(data));
                    case HELLO -> new AgentEvent.Hello(data.readInt(), Frame.readText(data));
                    case ADDRESSES_TRIED ->
                            new AgentEvent.AddressesTried(
                                    new HostIdentity(Frame.readText(data)), readTrials(data));
                    case ALIVE -> new AgentEvent.Beat();
                    default -> throw new IOException("unknown event " + kind);
                };
        Frame.requireEnd(data);
        return Optional.of(event);
    }

    private static void writePlan(HostPlan plan, DataOutputStream data) throws IOException {
        Frame.writeText(plan.host(), data);
        Frame.writeText(plan.directory(), data);
        Frame.writeTexts(plan.command(), data);
        writeChanges(plan.environment(), data);
        data.writeInt(plan.ranks().size());
        for (RankPlan rank : plan.ranks()) {
            data.writeInt(rank.rank());
            writeChanges(rank.environment(), data);
        }
        Frame.writeText(plan.secret().encoded(), data);
        data.writeBoolean(plan.sharesHost());
    }

    private static HostPlan readPlan(DataInputStream data) throws IOException {
        String host = Frame.readText(data);
        String directory = Frame.readText(data);
        List<String> command = Frame.readTexts(data);
        List<EnvironmentChange> environment = readChanges(data);
        List<RankPlan> ranks = new ArrayList<>();
        for (int left = Frame.readCount(data); left > 0; left--) {
            ranks.add(new RankPlan(data.readInt(), readChanges(data)));
        }
        Secret secret = readSecret(data);
        boolean sharesHost = data.readBoolean();
        try {
            return new HostPlan(host, directory, command, environment, ranks, secret, sharesHost);
        } catch (IllegalArgumentException e) {
            throw new IOException("a plan that cannot be used", e);
        }
    }

    private static Secret readSecret(DataInputStream data) throws IOException {
        try {
            return Secret.of(Frame.readText(data));
        } catch (IllegalArgumentException e) {
            throw new IOException("a secret that cannot be used", e);
        }
    }

    private static void writeChanges(List<EnvironmentChange> changes, DataOutputStream data)
            throws IOException {
        data.writeInt(changes.size());
        for (EnvironmentChange change : changes) {
            Frame.writeText(change.name(), data);
            Frame.writeText(change.value(), data);
        }
    }

    private static List<EnvironmentChange> readChanges(DataInputStream data) throws IOException {
        List<EnvironmentChange> changes = new ArrayList<>();
        for (int left = Frame.readCount(data); left > 0; left--) {
            changes.add(new EnvironmentChange(Frame.readText(data), Frame.readNullableText(data)));
        }
        return changes;
    }

    private static List<AddressTrial> readTrials(DataInputStream data) throws IOException {
        List<AddressTrial> trials = new ArrayList<>();
        for (int left = Frame.readCount(data); left > 0; left--) {
            trials.add(new AddressTrial(Frame.readText(data), Frame.readNullableText(data)));
        }
        return trials;
    }
}
