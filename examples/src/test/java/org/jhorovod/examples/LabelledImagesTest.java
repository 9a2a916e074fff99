package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.jhorovod.examples.LabelledImages.Part;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelledImagesTest {

    private static final List<String> FILES =
            List.of(
                    "train-images-idx3-ubyte.gz",
                    "train-labels-idx1-ubyte.gz",
                    "t10k-images-idx3-ubyte.gz",
                    "t10k-labels-idx1-ubyte.gz");

    @ParameterizedTest
    @CsvSource({"TRAINING, 12000", "TEST, 2000"})
    void bundled_hasAsManyImagesOfEachClass(Part part, int expected) {
        LabelledImages images = LabelledImages.bundled(part);

        assertThat(images.count()).isEqualTo(expected);
        int[] perClass = new int[LabelledImages.CLASSES];
        for (int i = 0; i < images.count(); i++) {
            perClass[images.label(i)]++;
        }
        assertThat(perClass).containsOnly(expected / LabelledImages.CLASSES);
    }

    @Test
    void bundled_isUnderEightMegabytesAndCarriesItsLicence() throws IOException {
        long bytes = 0;
        for (String file : FILES) {
            bytes += resource(file).length;
        }

        assertThat(bytes).isLessThan(8_000_000);
        assertThat(new String(resource("LICENSE"), StandardCharsets.UTF_8))
                .contains("MIT License", "Zalando");
    }

    @Test
    void in_readsAFolderOfOriginalFiles(@TempDir Path folder) throws IOException {
        copyBundledTo(folder);

        assertThat(LabelledImages.in(folder, Part.TEST).count()).isEqualTo(2000);
    }

    @Test
    void in_readsTheFullSetOfDebiansPackage() {
        Path folder = Path.of("/usr/share/datasets/fashion-mnist");
        assumeThat(folder).as("Debian's package dataset-fashion-mnist").exists();

        assertThat(LabelledImages.in(folder, Part.TRAINING).count()).isEqualTo(60_000);
        assertThat(LabelledImages.in(folder, Part.TEST).count()).isEqualTo(10_000);
    }

    @Test
    void in_namesTheMissingFileAndWhereToGetIt(@TempDir Path folder) {
        assertThatThrownBy(() -> LabelledImages.in(folder, Part.TEST))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(folder + "/t10k-images-idx3-ubyte.gz is not there")
                .hasMessageContaining("dataset-fashion-mnist");
    }

    @Test
    void in_refusesLabelsOfAnotherSet(@TempDir Path folder) throws IOException {
        copyBundledTo(folder);
        Files.copy(
                folder.resolve("train-labels-idx1-ubyte.gz"),
                folder.resolve("t10k-labels-idx1-ubyte.gz"),
                StandardCopyOption.REPLACE_EXISTING);

        assertThatThrownBy(() -> LabelledImages.in(folder, Part.TEST))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("2000 images but 12000 labels");
    }

    private static void copyBundledTo(Path folder) throws IOException {
        for (String file : FILES) {
            Files.write(folder.resolve(file), resource(file));
        }
    }

    private static byte[] resource(String file) throws IOException {
        try (InputStream in = LabelledImages.class.getResourceAsStream("fashion-mnist/" + file)) {
            assertThat(in).as(file).isNotNull();
            return in.readAllBytes();
        }
    }
}
