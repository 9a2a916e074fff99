package org.jhorovod.allreduce.config;

/**
 * A setting in force, for reports.
 *
 * @param name of its environment variable
 * @param value in words
 * @param isSet whether somebody has set it, be it to its default
 */
public record ShownSetting(String name, String value, boolean isSet) {}
