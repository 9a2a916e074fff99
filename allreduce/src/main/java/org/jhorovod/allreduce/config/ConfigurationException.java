package org.jhorovod.allreduce.config;

import java.util.List;

/** The configuration has faults; the message lists all of them. */
public final class ConfigurationException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /** Creates the exception from one line per fault. */
    public ConfigurationException(List<String> faults) {
        super(String.join(System.lineSeparator(), faults));
    }
}
