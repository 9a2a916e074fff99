package org.jhorovod.launcher.agent;

import org.jspecify.annotations.Nullable;

/**
 * Whether the launcher's store was reached at an address.
 *
 * @param address without a port
 * @param failure why not; null if it was reached and both ends have proved the job's secret
 */
public record AddressTrial(String address, @Nullable String failure) {

    /** Whether the store was reached. */
    public boolean isSuccess() {
        return failure == null;
    }
}
