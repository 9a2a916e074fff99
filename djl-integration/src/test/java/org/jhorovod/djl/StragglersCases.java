package org.jhorovod.djl;

import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.ranks.RankCase;
import org.slf4j.LoggerFactory;

/** Cases about ranks that are slower than others. */
final class StragglersCases {
    private static final long NANOS_PER_STEP = 5_000_000;
    private static final int SLOWER = 4;

    private StragglersCases() {}

    /**
     * Trains while one rank sleeps four times as long in each step as the others.
     *
     * <p>Arguments: the slow rank, after how many steps it is to be named, steps. Gives what this
     * rank has logged of it.
     */
    static final class Train implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int slow = Integer.parseInt(arguments.get(0));
            int steps = Integer.parseInt(arguments.get(2));
            Logger logger = (Logger) LoggerFactory.getLogger(Stragglers.class);
            ListAppender<ILoggingEvent> log = new ListAppender<>();
            log.start();
            logger.addAppender(log);
            String property = Settings.STRAGGLER_STEPS.propertyName();
            System.setProperty(property, arguments.get(1));
            try (Session session = Session.open("tanh-mlp", "sgd")) {
                ArrayDataset data =
                        TestModels.data(
                                session.manager, steps * 4 * communicator.size(), 4, false, false);
                for (Batch batch : session.trainer.iterateDataset(data)) {
                    session.backward(batch);
                    sleep(NANOS_PER_STEP * (communicator.rank() == slow ? SLOWER : 1));
                    session.trainer.step();
                    batch.close();
                }
            } finally {
                System.clearProperty(property);
                logger.detachAppender(log);
            }
            return log.list.stream()
                    .map(ILoggingEvent::getFormattedMessage)
                    .collect(Collectors.joining("\n"));
        }

        private static void sleep(long nanos) {
            long end = System.nanoTime() + nanos;
            while (System.nanoTime() < end) {
                LockSupport.parkNanos(end - System.nanoTime());
            }
        }
    }
}
