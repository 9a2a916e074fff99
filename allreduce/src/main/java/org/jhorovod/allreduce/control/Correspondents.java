package org.jhorovod.allreduce.control;

import java.io.IOException;
import java.util.Arrays;
import org.jhorovod.allreduce.collective.CollectiveException;

/** The correspondents of one rank, by channel. Opened before the control thread starts. */
final class Correspondents {
    private final Correspondent[] byChannel = new Correspondent[Channel.values().length];

    Correspondents() {
        Arrays.fill(byChannel, Correspondent.NOBODY);
    }

    void open(Channel channel, Correspondent correspondent) {
        byChannel[channel.ordinal()] = correspondent;
    }

    void received(int rank, ControlMessage.Letter letter) throws IOException {
        byChannel[letter.channel().ordinal()].received(rank, letter.bytes());
    }

    void left(int rank) {
        for (Correspondent correspondent : byChannel) {
            correspondent.left(rank);
        }
    }

    void work() {
        for (Correspondent correspondent : byChannel) {
            correspondent.work();
        }
    }

    long waitNanos() {
        long least = Long.MAX_VALUE;
        for (Correspondent correspondent : byChannel) {
            least = Math.min(least, correspondent.waitNanos());
        }
        return least;
    }

    void failed(CollectiveException cause) {
        for (Correspondent correspondent : byChannel) {
            correspondent.failed(cause);
        }
    }

    void closing() {
        for (Correspondent correspondent : byChannel) {
            correspondent.closing();
        }
    }
}
