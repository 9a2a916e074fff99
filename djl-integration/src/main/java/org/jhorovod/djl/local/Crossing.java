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
    private final int cycle;
    private final long lockSteps;
    private final Exchange exchange;
    private final ExecutorService thread;
    private final HostTensor own;
    private final HostTensor all;

    /**
     * Of one trainer.
     *
     * @param across the carriers of all sites; stays the caller's
     * @param owner the trainer's name on all ranks
     * @param cycle how many of the fragments take turns
     * @param lockSteps for so many steps the sites stay in step
     */
    Crossing(
            Communicator across,
            String owner,
            List<Fragment> fragments,
            int cycle,
            long lockSteps) {
        this.across = across;
        this.owner = owner;
        this.fragments = List.copyOf(fragments);
        this.codecs = fragments.stream().map(Fragment::openCodec).toList();
        this.cycle = cycle;
        this.lockSteps = lockSteps;
        this.exchange = new CommunicatorExchange(across, owner + "/across");
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

    /** What this carrier has for each fragment. */
    List<BucketCodec> codecs() {
        return codecs;
    }

    /**
     * Begins a round. Does not block.
     *
     * @param isAll whether it was to be one of all fragments
     * @param takesNow whether the changes are still to be taken, as the training thread waits
     */
    CompletableFuture<Round> begin(Word word, boolean isAll, boolean takesNow) {
        return CompletableFuture.supplyAsync(() -> run(word, isAll, takesNow), thread);
    }

    private Round run(Word word, boolean isAll, boolean takesNow) {
        Round round = Round.of(tell(word), isAll, fragments.size(), cycle, lockSteps);
        for (int number : round.fragments()) {
            Fragment fragment = fragments.get(number);
            if (takesNow) {
                fragment.take();
            }
            fragment.weigh(round.weight(across.rank(), number));
            codecs.get(number).reduce(fragment.change(), exchange);
        }
        return round;
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
