package org.jhorovod.launcher.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Why something with a file failed, in words; Java's own messages are often just the name. */
final class FileFault {
    private FileFault() {}

    static String of(IOException e) {
        if (!(e instanceof FileSystemException fault)) {
            return String.valueOf(e.getMessage());
        }
        return fault.getFile() + " " + reason(fault);
    }

    private static String reason(FileSystemException fault) {
        if (fault instanceof AccessDeniedException) {
            return "may not be accessed";
        }
        if (fault instanceof FileAlreadyExistsException) {
            return "is there already and is no folder";
        }
        if (fault instanceof NoSuchFileException) {
            return "does not exist";
        }
        if (fault instanceof DirectoryNotEmptyException) {
            return "is a folder that is not empty";
        }
        String reason = fault.getReason();
        return reason == null ? "cannot be used" : "failed: " + reason;
    }
}
