package org.jhorovod.djl.checkpoint;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A checkpoint on disk, every byte of which was checked.
 *
 * @param path its folder
 * @param description what it holds
 */
public record Checkpoint(Path path, Description description) {

    /** Opens one of its files. */
    public InputStream open(String file) throws IOException {
        return new BufferedInputStream(Files.newInputStream(path.resolve(file)));
    }
}
