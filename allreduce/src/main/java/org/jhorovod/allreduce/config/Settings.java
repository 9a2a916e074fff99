package org.jhorovod.allreduce.config;

import static org.jhorovod.allreduce.config.SettingKinds.choice;
import static org.jhorovod.allreduce.config.SettingKinds.flag;
import static org.jhorovod.allreduce.config.SettingKinds.integer;
import static org.jhorovod.allreduce.config.SettingKinds.path;
import static org.jhorovod.allreduce.config.SettingKinds.seconds;
import static org.jhorovod.allreduce.config.SettingKinds.share;
import static org.jhorovod.allreduce.config.SettingKinds.text;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Every knob of JHorovod. A value from a builder wins over a system property, that over an
 * environment variable, and that over the default.
 */
public final class Settings extends LauncherSettings {

    /** How a rank reaches the other ranks. */
    public enum TransportChoice {
        /** Inside one host shared memory, or unix where that has no room; otherwise TCP. */
        AUTO,
        SHM,
        TCP,
        UNIX
    }

    /** Whether a rank is reached by its own address. */
    public enum DialOutChoice {
        /** The store says whether the rank is behind NAT. */
        AUTO,
        /** Nobody can connect to it. */
        TRUE,
        /** Every rank can connect to it. */
        FALSE
    }

    /** The way of an all-reduce between the ranks, by our own backend. */
    public enum AllReduceChoice {
        /** By place where several hosts have several ranks, otherwise the ring. */
        AUTO,
        /** One ring around all ranks. */
        RING,
        /** Inside each host first, then between the hosts. */
        HIERARCHICAL
    }

    /** When a trainer's gradients are reduced, and on which thread; the result is the same. */
    public enum ReduceChoice {
        /** In the step inside a host; during backward between hosts. */
        AUTO,
        /** During backward, by the engine's thread. */
        BACKWARD,
        /** In the step, by the training thread. */
        STEP,
        /** In the step, by the engine's thread. */
        ENGINE
    }

    /** Who carries out the collectives. */
    public enum BackendChoice {
        /** Our own for host memory, NCCL for device memory where it is there. */
        AUTO,
        HOST,
        MPI,
        NCCL
    }

    // --- What a user may turn -------------------------------------------------------------------

    public static final Setting<BackendChoice> BACKEND =
            choice(
                    "BACKEND",
                    BackendChoice.AUTO,
                    "Who carries out collectives; auto is host, with nccl for tensors on devices"
                            + " where it is there.");
    public static final Setting<TransportChoice> TRANSPORT =
            choice(
                    "TRANSPORT",
                    TransportChoice.AUTO,
                    "How bytes travel between ranks; auto takes shm inside one host, or unix"
                            + " where shared memory has no room.");
    public static final Setting<DialOutChoice> DIAL_OUT =
            choice(
                    "DIAL_OUT",
                    DialOutChoice.AUTO,
                    "Whether nobody can connect to this rank, so that it opens all its connections"
                            + " to other hosts itself; auto finds out whether it is behind NAT.");
    public static final Setting<Path> SHARED_MEMORY_FOLDER =
            path(
                    "SHARED_MEMORY_FOLDER",
                    "Folder in memory (tmpfs) by which ranks of one host share it; /dev/shm if not"
                            + " set.");
    public static final Setting<Path> MEETING_FOLDER =
            path(
                    "MEETING_FOLDER",
                    "Folder that all hosts share, where ranks that srun started leave word for each"
                            + " other; ~/.jhorovod if not set.");
    public static final Setting<AllReduceChoice> ALLREDUCE =
            choice(
                    "ALLREDUCE",
                    AllReduceChoice.AUTO,
                    "The way of an all-reduce; auto is hierarchical (inside each host first, then"
                            + " between hosts) where hosts have several ranks.");
    public static final Setting<String> NCCL_LIBRARIES =
            text(
                    "NCCL_LIBRARIES",
                    null,
                    "Folder with libcudart.so.12 and libnccl.so.2; if not set, those of DJL's"
                            + " PyTorch, or else the system's.");
    public static final Setting<Duration> LIVENESS_TIMEOUT =
            seconds(
                    "LIVENESS_TIMEOUT_SECONDS",
                    1,
                    "30",
                    "A peer that sends no heartbeat for this long is lost.");
    public static final Setting<Duration> OPERATION_TIMEOUT =
            seconds(
                    "OPERATION_TIMEOUT_SECONDS",
                    0.1,
                    "600",
                    "A collective fails if a living peer does not take part for this long.");
    public static final Setting<Duration> START_TIMEOUT =
            seconds(
                    "START_TIMEOUT_SECONDS",
                    0.1,
                    "60",
                    "The job fails if not all ranks have met after this long.");
    public static final Setting<Duration> HANDSHAKE_TIMEOUT =
            seconds(
                    "HANDSHAKE_TIMEOUT_SECONDS",
                    0.1,
                    "5",
                    "A connection that has not proved the job's secret by then is closed.");
    public static final Setting<Path> TLS_FILE =
            path(
                    "TLS_FILE",
                    "File with a key and its certificate (PEM), the same for all ranks: connections"
                            + " between hosts are encrypted. jhorovodrun hands its own on, and"
                            + " --tls makes one.");
    public static final Setting<Duration> STALL_WARNING =
            seconds(
                    "STALL_WARNING_SECONDS",
                    0.1,
                    "60",
                    "After so long a report tells which ranks a collective waits for, called in"
                            + " order or by name, and what these do instead.");
    public static final Setting<Integer> FUSION_MIB =
            integer(
                    "FUSION_MIB",
                    "16",
                    0,
                    1024,
                    "Tensors that are all-reduced by name, and ready together, run as one of up to"
                            + " this many MiB; 0: each by itself.");
    public static final Setting<Integer> CYCLE_MILLIS =
            integer(
                    "CYCLE_MILLIS",
                    "1",
                    0,
                    1000,
                    "Tensors that are submitted by name wait so long for more to be announced with"
                            + " them, unless a thread waits for one; 0: not at all.");
    public static final Setting<Path> TIMELINE =
            path(
                    "TIMELINE",
                    "File in which rank 0 writes what happens when on all ranks, as a trace for"
                            + " Perfetto; none if not set.");
    public static final Setting<Integer> METRICS_PORT =
            integer(
                    "METRICS_PORT",
                    "0",
                    0,
                    65_535,
                    "Each rank serves its counters for Prometheus at this port plus its local"
                            + " rank; 0: not.");
    public static final Setting<String> METRICS_ADDRESS =
            text(
                    "METRICS_ADDRESS",
                    "127.0.0.1",
                    "At this address, to whoever can reach it; 0.0.0.0 is all of the host's.");
    public static final Setting<Integer> STRAGGLER_STEPS =
            integer(
                    "STRAGGLER_STEPS",
                    "1000",
                    0,
                    "Every so many steps rank 0 logs which rank is the slowest, if by much; 0"
                            + " never.");
    public static final Setting<Integer> STRAGGLER_PERCENT =
            integer(
                    "STRAGGLER_PERCENT",
                    "20",
                    0,
                    "It does so where that rank works this many percent longer on a step than the"
                            + " middle one of the others.");
    public static final Setting<Integer> BUCKET_MIB =
            integer(
                    "BUCKET_MIB",
                    "8",
                    0,
                    1024,
                    "Gradients are reduced in buckets of this many MiB, the first of 1; 0: each by"
                            + " itself.");
    public static final Setting<ReduceChoice> REDUCE =
            choice(
                    "REDUCE",
                    ReduceChoice.AUTO,
                    "When gradients are reduced: during backward, or in the step by its own thread"
                            + " or the engine's; auto is step inside one host, backward between"
                            + " hosts. Packed between sites they are always reduced in the step.");
    public static final Setting<Boolean> AUTOTUNE =
            flag(
                    "AUTOTUNE",
                    false,
                    "Try in the first steps with which JHOROVOD_BUCKET_MIB and JHOROVOD_REDUCE a"
                        + " trainer is the fastest, and a program that reduces by name with which"
                        + " JHOROVOD_FUSION_MIB and JHOROVOD_CYCLE_MILLIS; what is set stays.");
    public static final Setting<Path> AUTOTUNE_LOG =
            path(
                    "AUTOTUNE_LOG",
                    "File in which rank 0 writes what was tried so, as CSV; none if not set.");
    public static final Setting<Integer> LOCAL_STEPS =
            integer(
                    "LOCAL_STEPS",
                    "0",
                    0,
                    "So many steps each site trains by itself before all agree on their parameters;"
                            + " 0: gradients are averaged over all ranks in each step.");
    public static final Setting<String> SITES =
            text(
                    "SITES",
                    "auto",
                    "Which ranks are a site, and average gradients in each step: auto (hosts; ranks"
                        + " where there is one host alone), host, rank, near (hosts with a round"
                        + " trip of up to 3 ms), or the number of ranks of each, such as 4,4,2.");
    public static final Setting<Integer> SITE_STREAMS =
            integer(
                    "SITE_STREAMS",
                    "0",
                    0,
                    "Connections between two sites, which share what is long; 0 is 4 where a"
                            + " message takes more than 3 ms, otherwise 1.");
    public static final Setting<String> OUTER_OPTIMIZER =
            text(
                    "OUTER_OPTIMIZER",
                    "nesterov:0.7,0.9",
                    "What takes the mean change of the sites: nesterov:RATE,MOMENTUM (DiLoCo), or"
                            + " average (local SGD).");
    public static final Setting<Integer> FRAGMENTS =
            integer(
                    "FRAGMENTS",
                    "1",
                    1,
                    "In so many parts the sites agree on their parameters, by turns; with more than"
                            + " 1 they train on meanwhile.");
    public static final Setting<Integer> LOCK_STEPS =
            integer(
                    "LOCK_STEPS",
                    "0",
                    0,
                    "So many steps at first the sites agree after each, before they train by"
                            + " themselves.");
    public static final Setting<String> CODEC =
            text(
                    "CODEC",
                    "none",
                    "How changes after local steps, or without these the gradients of each step,"
                            + " are packed between sites: none, float16, bfloat16, int8, int4,"
                            + " topk:FRACTION or powersgd:RANK; what is lost is sent later.");
    public static final Setting<Boolean> BALANCE =
            flag(
                    "BALANCE",
                    false,
                    "Ranks that work faster take more samples of each global batch, so that none"
                            + " waits for a slow one; not with local steps, nor where gradients"
                            + " are reduced on GPUs.");
    public static final Setting<Double> COMMUNICATION_BUDGET =
            share(
                    "COMMUNICATION_BUDGET",
                    "At most this share of the time, such as 0.2, goes to communication between"
                        + " sites: local steps, fragments and codec are chosen for it by"
                        + " measurement, and again as that changes; they are yours if not set.");
    public static final Setting<Integer> CHECK_STEPS =
            integer(
                    "CHECK_STEPS",
                    "100",
                    0,
                    "Compare all parameters between ranks every so many steps and after each pass;"
                            + " 0 never.");
    public static final Setting<Integer> SEED =
            integer(
                    "SEED",
                    null,
                    Integer.MIN_VALUE,
                    "Seed of the data's order, the same on all ranks; drawn by rank 0 if not set.");
    public static final Setting<Path> CHECKPOINT_FOLDER =
            path(
                    "CHECKPOINT_FOLDER",
                    "Folder in which the training keeps checkpoints, and from which it resumes;"
                            + " none are kept if not set.");
    public static final Setting<Integer> CHECKPOINT_STEPS =
            integer(
                    "CHECKPOINT_STEPS",
                    "100",
                    0,
                    "Write a checkpoint every so many steps, besides one after each pass that"
                            + " trains; 0 only those.");
    public static final Setting<Integer> CHECKPOINT_KEEP =
            integer("CHECKPOINT_KEEP", "3", 1, "How many of the newest checkpoints stay.");

    private Settings() {}

    /**
     * The names that look like settings but are none, sorted: misspelled, most likely.
     *
     * @param names of environment variables and system properties
     */
    public static List<String> unknown(Collection<String> names) {
        Set<String> known = new HashSet<>();
        for (Setting<?> setting : all()) {
            known.add(setting.environmentName());
            known.add(setting.propertyName());
        }
        known.remove(SECRET.propertyName());
        List<String> unknown = new ArrayList<>();
        for (String name : names) {
            boolean isOurs = name.startsWith("JHOROVOD_") || name.startsWith("jhorovod.");
            if (isOurs && !known.contains(name) && !name.startsWith("jhorovod.test.")) {
                unknown.add(name);
            }
        }
        unknown.sort(null);
        return List.copyOf(unknown);
    }

    /** All of them. */
    static List<Setting<?>> all() {
        List<Setting<?>> all = new ArrayList<>(ofLauncher());
        all.addAll(ofUser());
        return all;
    }

    /** What users may turn, in the order in which help shows it. */
    public static List<Setting<?>> ofUser() {
        return List.of(
                BACKEND,
                TRANSPORT,
                DIAL_OUT,
                SHARED_MEMORY_FOLDER,
                MEETING_FOLDER,
                ALLREDUCE,
                NCCL_LIBRARIES,
                LIVENESS_TIMEOUT,
                OPERATION_TIMEOUT,
                START_TIMEOUT,
                HANDSHAKE_TIMEOUT,
                TLS_FILE,
                STALL_WARNING,
                FUSION_MIB,
                CYCLE_MILLIS,
                TIMELINE,
                METRICS_PORT,
                METRICS_ADDRESS,
                STRAGGLER_STEPS,
                STRAGGLER_PERCENT,
                BUCKET_MIB,
                REDUCE,
                AUTOTUNE,
                AUTOTUNE_LOG,
                LOCAL_STEPS,
                SITES,
                SITE_STREAMS,
                OUTER_OPTIMIZER,
                FRAGMENTS,
                LOCK_STEPS,
                CODEC,
                BALANCE,
                COMMUNICATION_BUDGET,
                CHECK_STEPS,
                SEED,
                CHECKPOINT_FOLDER,
                CHECKPOINT_STEPS,
                CHECKPOINT_KEEP);
    }
}
