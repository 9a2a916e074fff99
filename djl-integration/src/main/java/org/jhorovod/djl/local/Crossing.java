package org.jhorovod.djl.local;

import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.codec.BucketCodec;
import org.jhorovod.allreduce.codec.Exchange;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way from site to site, on a site's carrier: one round after another, on a thread of its own,
 * beside the steps that the training thread makes.
 */
final class Crossing implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(Crossing.class);
    private static final int CLOSE_SECONDS = 5;

    private final Communicator across;
    private final String owner;
    private final List<Fragment> fragments;
    private final List<BucketCodec> codecs;
    private final List<Long> packedBytes; // that a carrier sends, by fragment
    private final List<Long> fullBytes;
    private final Round.Rules rules;
    private final TimedExchange exchange;
    private final ExecutorService thread;
    private final HostTensor own;
    private final HostTensor all;
    private RoundTimes times = RoundTimes.NONE; // read between two rounds
    private boolean isWarm; // the first round touches fresh memory, with code not yet compiled

    /**
     * Of one trainer.
     *
     * @param across the carriers of all sites; stays the caller's
     * @param exchange of the same carriers
     * @param owner the trainer's name on all ranks
     * @param rules by which the sites decide on their rounds
     */
    Crossing(
            Communicator across,
            Exchange exchange,
            String owner,
            List<Fragment> fragments,
            Round.Rules rules) {
        this.across = across;
        this.owner = owner;
        this.fragments = List.copyOf(fragments);
        this.codecs = fragments.stream().map(Fragment::openCodec).toList();
        int carriers = across.size();
        this.packedBytes = fragments.stream().map(f -> f.bytesSent(true, carriers)).toList();
        this.fullBytes = fragments.stream().map(f -> f.bytesSent(false, carriers)).toList();
        this.rules = rules;
        this.exchange = new TimedExchange(exchange);
        int length = Word.length(fragments.size());
        this.own = HostTensor.allocate(DataType.INT64, length);
        this.all = HostTensor.allocate(DataType.INT64, (long) length * across.size());
        this.thread =
                Executors.newSingleThreadExecutor(
                        task -> {
                            Thread made = new Thread(task, "jhorovod-across");
                            made.setDaemon(true);
                            return made;
                        });
    }

    /**
     * Begins a round. Does not block.
     *
     * @param kind what it was to be
     * @param takesNow whether the changes are still to be taken, as the training thread waits
     */
    CompletableFuture<Round> begin(Word word, Round.Kind kind, boolean takesNow) {
        return CompletableFuture.supplyAsync(() -> run(word, kind, takesNow), thread);
    }

    private Round run(Word word, Round.Kind kind, boolean takesNow) {
        Round round = Round.of(tell(word), kind, rules);
        RoundTimes seen = RoundTimes.NONE;
        for (int number : round.fragments()) {
            seen = seen.plus(exchange(round, number, takesNow));
        }
        if (isWarm) {
            times = times.plus(seen);
        }
        isWarm |= !round.fragments().isEmpty();
        return round;
    }

    private RoundTimes exchange(Round round, int number, boolean takesNow) {
        Fragment fragment = fragments.get(number);
        if (takesNow) {
            fragment.take();
        }
        fragment.weigh(round.weight(across.rank(), number));
        BucketCodec codec = codecs.get(number);
        boolean isPacked = fragment.isPacked() && !round.isInFull();
        long before = exchange.nanos();
        long start = System.nanoTime();
        if (round.isInFull()) {
            fragment.addResidual(codec.residual());
            exchange.allReduce(fragment.change());
        } else {
            codec.reduce(fragment.change(), exchange);
        }
        long exchanged = exchange.nanos() - before;
        return new RoundTimes(
                exchanged,
                (isPacked ? packedBytes : fullBytes).get(number),
                isPacked ? 1 : 2, // around the ring
                isPacked ? System.nanoTime() - start - exchanged : 0,
                isPacked ? fragment.elementCount() : 0);
    }

    /** What the rounds since the last call took; to be called between two rounds. */
    RoundTimes takeTimes() {
        RoundTimes taken = times;
        times = RoundTimes.NONE;
        return taken;
    }

    private List<Word> tell(Word word) {
        word.write(own.buffers().get(0).asLongBuffer());
        across.allGather(owner + "/round", own, all);
        LongBuffer told = all.buffers().get(0).asLongBuffer();
        List<Word> words = new ArrayList<>();
        for (int site = 0; site < across.size(); site++) {
            words.add(Word.read(told, fragments.size()));
        }
        return words;
    }

    /** Lets the thread go; waits shortly for a round that is under way. */
    @Override
    public void close() {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                logger.debug("{} closes in the middle of a round", owner);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
