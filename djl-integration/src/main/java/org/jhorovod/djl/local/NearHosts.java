package org.jhorovod.djl.local;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/** Which hosts are near each other; follows from the same numbers in the same way on all ranks. */
final class NearHosts {
    private NearHosts() {}

    /**
     * Puts hosts into sites: two that are near each other are in one, and all that are near any
     * host of a site belong to it.
     *
     * @param roundTrips from each host to each other, of which the longer of two ways counts
     * @param near the longest round trip between hosts that are near each other
     * @return the site of each host, numbered from 0 in the order of their first hosts
     */
    static int[] sites(long[][] roundTrips, long near) {
        int[] sites = new int[roundTrips.length];
        Arrays.setAll(sites, host -> host);
        for (int a = 0; a < sites.length; a++) {
            for (int b = 0; b < a; b++) {
                if (Math.max(roundTrips[a][b], roundTrips[b][a]) <= near) {
                    join(sites, sites[a], sites[b]);
                }
            }
        }
        List<Integer> known = new ArrayList<>(new TreeSet<>(Arrays.stream(sites).boxed().toList()));
        return Arrays.stream(sites).map(known::indexOf).toArray();
    }

    private static void join(int[] sites, int one, int other) {
        int low = Math.min(one, other);
        int high = Math.max(one, other);
        Arrays.setAll(sites, host -> sites[host] == high ? low : sites[host]);
    }

    /** In so many turns each host has met each other one, if every host meets one in each. */
    static int turns(int hosts) {
        return hosts % 2 == 0 ? hosts - 1 : hosts;
    }

    /**
     * Whom a host meets in a turn, as in a tournament where each plays each: the last host stays
     * where it is, and the others move on around a circle.
     *
     * @return the host itself if it has to sit out, as one of an odd number does
     */
    static int partner(int host, int turn, int hosts) {
        int circle = turns(hosts);
        if (host == circle) { // the one that stays, where the number is even
            return fixed(turn, circle);
        }
        int opposite = Math.floorMod(turn - host, circle);
        boolean meetsFixed = opposite == host && circle < hosts;
        return meetsFixed ? circle : opposite;
    }

    /** Who is opposite himself on the circle: twice his number is the turn's. */
    private static int fixed(int turn, int circle) {
        return turn % 2 == 0 ? turn / 2 : (turn + circle) / 2;
    }
}
