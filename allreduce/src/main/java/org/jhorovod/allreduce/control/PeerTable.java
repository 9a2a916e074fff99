package org.jhorovod.allreduce.control;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.TreeMap;

/** What is known of all peers at one moment, in the order of their ranks. */
record PeerTable(List<PeerStatus> peers) {

    PeerTable {
        peers = List.copyOf(peers);
    }

    /** What is known once a peer has said this too. */
    PeerTable after(int rank, ControlMessage message, long nowNanos) {
        return with(of(rank).after(message, nowNanos));
    }

    /** What is known once a peer's connection has ended. */
    PeerTable afterEnd(int rank) {
        return with(of(rank).afterEnd());
    }

    private PeerTable with(PeerStatus changed) {
        List<PeerStatus> table = new ArrayList<>();
        for (PeerStatus peer : peers) {
            table.add(peer.rank() == changed.rank() ? changed : peer);
        }
        return new PeerTable(table);
    }

    /** The peer of the given rank. */
    PeerStatus of(int rank) {
        for (PeerStatus peer : peers) {
            if (peer.rank() == rank) {
                return peer;
            }
        }
        throw new NoSuchElementException("bug: rank " + rank + " is no peer");
    }

    /** The first peer that has left without taking part in the given operation. */
    Optional<PeerStatus> leftBefore(long sequence) {
        // Asked at each wait of a collective, so without a stream.
        for (int i = 0; i < peers.size(); i++) {
            if (peers.get(i).hasLeftBefore(sequence)) {
                return Optional.of(peers.get(i));
            }
        }
        return Optional.empty();
    }

    /** The peers that should have sent a heartbeat by now. */
    List<PeerStatus> silent(long nowNanos, long livenessTimeoutNanos) {
        List<PeerStatus> silent = new ArrayList<>();
        for (PeerStatus peer : peers) {
            if (peer.isSilent(nowNanos, livenessTimeoutNanos)) {
                silent.add(peer);
            }
        }
        return silent;
    }

    /** The same, each with a clause about it. */
    Map<Integer, String> describeSilent(long nowNanos, long longestNanos) {
        Map<Integer, String> clauses = new TreeMap<>();
        for (PeerStatus peer : silent(nowNanos, longestNanos)) {
            clauses.put(
                    peer.rank(),
                    "it has sent no heartbeat for %.1f s, so its process is stopped, or its host is unreachable"
                            .formatted((nowNanos - peer.lastHeardNanos()) / 1e9));
        }
        return clauses;
    }

    /** The peers that have not submitted the given operation, as far as known. */
    List<PeerStatus> behind(long sequence) {
        return peers.stream().filter(peer -> peer.lastSequence() < sequence).toList();
    }
}
