package org.jhorovod.djl.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has the system bring to the disk what it may still hold in memory. Stateless. */
public final class Disk {
    private static final Logger logger = LoggerFactory.getLogger(Disk.class);

    private Disk() {}

    /** Brings the names to the disk that a folder holds, where the file system can be asked to. */
    public static void forceNames(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            logger.debug("{} is of a file system that forces no folders", folder, e);
        }
    }
}
