package org.jhorovod.nccl;

/**
 * A version of NCCL as its own number: 22105 is 2.21.5.
 *
 * @param code the number
 */
record NcclVersion(int code) implements Comparable<NcclVersion> {
    private static final int MAJOR = 10_000;
    private static final int MINOR = 100;

    @Override
    public int compareTo(NcclVersion other) {
        return Integer.compare(code, other.code);
    }

    @Override
    public String toString() {
        return "%d.%d.%d".formatted(code / MAJOR, code % MAJOR / MINOR, code % MINOR);
    }
}
