package org.jhorovod.nccl;

/** Why NCCL cannot be used in this process, in one line, and how to get it. */
final class NcclUnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    NcclUnavailableException(String whyAndHowToGetIt) {
        super(whyAndHowToGetIt);
    }
}
