package org.jhorovod.allreduce.faults;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;

/** What happens to a rank. */
enum Fault {
    KILLED("is killed", Way.SHM, Way.UNIX, Way.TCP, Way.BY_PLACE) {
        @Override
        Expectation happen(Scene scene) {
            scene.victim().kill();
            return Expectation.loss(scene.victim().number());
        }
    },
    STOPPED("is stopped", Way.SHM, Way.UNIX, Way.TCP, Way.BY_PLACE) {
        @Override
        Expectation happen(Scene scene) throws IOException {
            scene.victim().signal("STOP");
            return Expectation.loss(scene.victim().number());
        }
    },
    PAUSED("pauses", Way.SHM, Way.UNIX, Way.TCP, Way.BY_PLACE) {
        @Override
        Expectation happen(Scene scene) throws IOException {
            pause(scene, Duration.ofMillis(100 + scene.random().nextInt(1400)));
            return Expectation.success();
        }
    },
    SLOWED("reads slowly", Way.SHM, Way.UNIX, Way.TCP, Way.BY_PLACE) {
        @Override
        Expectation happen(Scene scene) throws IOException {
            SplittableRandom random = scene.random();
            for (int pauses = 10 + random.nextInt(15); pauses > 0; pauses--) {
                pause(scene, Duration.ofMillis(20 + random.nextInt(100)));
                scene.pass(Duration.ofMillis(random.nextInt(40)));
            }
            return Expectation.success();
        }
    },
    /** Control connections are TCP everywhere, and so is the one to the store. */
    CONNECTION_RESET("loses a connection", Way.SHM, Way.UNIX, Way.TCP, Way.TCP, Way.BY_PLACE) {
        @Override
        Expectation happen(Scene scene) throws IOException {
            return scene.resetConnection();
        }

        @Override
        boolean canHitStart() {
            return false;
        }
    },
    NO_SPACE("finds shared memory full", Way.SHM, Way.AUTO, Way.SHM) {
        @Override
        Expectation happen(Scene scene) throws IOException {
            scene.sharedMemory().fill(scene.random().nextInt(1 << 20));
            return Expectation.successWithOrWithoutMemory();
        }
    };

    private final String words;
    private final ImmutableList<Way> ways;

    Fault(String words, Way... ways) {
        this.words = words;
        this.ways = ImmutableList.copyOf(ways);
    }

    /** Lets it happen, and tells what must become of the job. */
    abstract Expectation happen(Scene scene) throws IOException;

    /** Whether it can happen before the ranks have met. */
    boolean canHitStart() {
        return true;
    }

    /** The ways on which it is tried, as often as they are named. */
    ImmutableList<Way> ways() {
        return ways;
    }

    String describe() {
        return words;
    }

    private static void pause(Scene scene, Duration length) throws IOException {
        scene.victim().signal("STOP");
        scene.pass(length);
        scene.victim().signal("CONT");
    }
}
