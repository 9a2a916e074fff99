package org.jhorovod.launcher.spark;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A model's parameters as the bytes of DJL's file, for which DJL itself wants a folder. */
final class ParameterFile {
    private static final String NAME = "model";
    private static final String FILE = "%s-0000.params";

    private ParameterFile() {}

    /** What DJL's {@code Model.save} writes. */
    static byte[] read(Model model) throws IOException {
        Path folder = Files.createTempDirectory("jhorovod-spark-");
        try {
            model.save(folder, NAME);
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.params")) {
                return Files.readAllBytes(files.iterator().next());
            }
        } finally {
            delete(folder);
        }
    }

    /** Loads the bytes into a model whose block is set. */
    static void load(byte[] bytes, Model model) throws IOException {
        Path folder = Files.createTempDirectory("jhorovod-spark-");
        try {
            write(bytes, folder, NAME);
            model.load(folder, NAME);
        } catch (MalformedModelException e) {
            throw new IOException(
                    "The trained parameters do not fit the network: %s. The function of setBlock must make the same one each time."
                            .formatted(e.getMessage()),
                    e);
        } finally {
            delete(folder);
        }
    }

    /** Writes them so that {@code Model.load(folder, name)} finds them. */
    static void write(byte[] bytes, Path folder, String name) throws IOException {
        Files.createDirectories(folder);
        Files.write(folder.resolve(FILE.formatted(name)), bytes);
    }

    private static void delete(Path folder) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
