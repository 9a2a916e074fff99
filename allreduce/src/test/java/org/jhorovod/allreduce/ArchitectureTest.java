package org.jhorovod.allreduce;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.CompositeArchRule;
import java.io.ObjectInputStream;
import java.util.ArrayList;
import java.util.List;

/** The walls inside the core, and between the core and the rest. */
@AnalyzeClasses(packages = "org.jhorovod.allreduce", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    /** Each layer may use those before it, never those after it; the root package comes last. */
    private static final List<List<String>> LAYERS =
            List.of(
                    List.of("collective"),
                    List.of("codec"),
                    List.of("config"),
                    List.of("rendezvous"),
                    List.of("control"),
                    List.of("spi"),
                    List.of("metrics"),
                    List.of("fusion", "timeline", "tuning"),
                    List.of("transport"),
                    List.of("algorithm", "negotiation"),
                    List.of("backend"),
                    List.of("engine"),
                    List.of(""));

    @ArchTest static final ArchRule layersUseOnlyThoseBeforeThem = layers();

    @ArchTest
    static final ArchRule everyPackageIsALayer =
            classes().should().resideInAnyPackage(packages(LAYERS));

    @ArchTest
    static final ArchRule packagesFormNoCycle =
            slices().matching("org.jhorovod.allreduce.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule coreKnowsNeitherDjlNorCommandLine =
            noClasses().should().dependOnClassesThat().resideInAnyPackage("ai.djl..", "picocli..");

    @ArchTest
    static final ArchRule onlyConfigReadsEnvironmentAndProperties =
            noClasses()
                    .that()
                    .resideOutsideOfPackage("org.jhorovod.allreduce.config")
                    .should()
                    .callMethod(System.class, "getenv")
                    .orShould()
                    .callMethod(System.class, "getenv", String.class)
                    .orShould()
                    .callMethod(System.class, "getProperties")
                    .orShould()
                    .callMethod(System.class, "getProperty", String.class)
                    .orShould()
                    .callMethod(System.class, "getProperty", String.class, String.class)
                    .because("a knob is one constant in Settings, and nothing else reads it");

    @ArchTest
    static final ArchRule nothingIsDeserialisedIntoObjects =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .areAssignableTo(ObjectInputStream.class)
                    .because("bytes from the network are typed messages, never objects");

    private static ArchRule layers() {
        List<ArchRule> rules = new ArrayList<>();
        for (int i = 0; i < LAYERS.size() - 1; i++) {
            String[] own = packages(LAYERS.subList(i, i + 1));
            String[] later = packages(LAYERS.subList(i + 1, LAYERS.size()));
            rules.add(
                    noClasses()
                            .that(resideInAnyPackage(own))
                            .should()
                            .dependOnClassesThat()
                            .resideInAnyPackage(later)
                            .allowEmptyShould(true));
        }
        return CompositeArchRule.of(rules);
    }

    private static String[] packages(List<List<String>> layers) {
        return layers.stream()
                .flatMap(List::stream)
                .map(
                        name ->
                                name.isEmpty()
                                        ? "org.jhorovod.allreduce"
                                        : "org.jhorovod.allreduce." + name + "..")
                .toArray(String[]::new);
    }
}
