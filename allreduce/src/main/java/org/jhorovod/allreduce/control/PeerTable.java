package org.jhorovod.allreduce.control;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** What is known of all peers at one moment, in the order of their ranks. */
record PeerTable(List<PeerStatus> peers) {

    PeerTable {
        peers = List.copyOf(peers);
    }

    /** What is known once a peer has said this too. */
    PeerTable after(int rank, ControlMessage message, long nowNanos) {
        return with(rank, peer -> peer.after(message, nowNanos));
    }

    /** What is known once a peer's connection has ended. */
    PeerTable afterEnd(int rank) {
        return with(rank, PeerStatus::afterEnd);
    }

    private PeerTable with(int rank, UnaryOperator<PeerStatus> change) {
        return new PeerTable(
                peers.stream()
                        .map(peer -> peer.rank() == rank ? change.apply(peer) : peer)
                        .toList());
    }

    /** The peer of the given rank. */
    PeerStatus of(int rank) {
        return peers.stream().filter(peer -> peer.rank() == rank).findFirst().orElseThrow();
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
        return peers.stream()
                .filter(peer -> peer.isSilent(nowNanos, livenessTimeoutNanos))
                .toList();
    }

    /** The peers that have not submitted the given operation, as far as known. */
    List<PeerStatus> behind(long sequence) {
        return peers.stream().filter(peer -> peer.lastSequence() < sequence).toList();
    }
}
