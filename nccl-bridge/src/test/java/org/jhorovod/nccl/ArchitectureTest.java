package org.jhorovod.nccl;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The walls around the bridge. */
@AnalyzeClasses(packages = "org.jhorovod.nccl", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule coreIsUsedThroughItsVocabularyAndSpi =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "org.jhorovod.allreduce",
                            "org.jhorovod.allreduce.engine..",
                            "org.jhorovod.allreduce.control..",
                            "org.jhorovod.allreduce.transport..",
                            "org.jhorovod.allreduce.algorithm..",
                            "org.jhorovod.allreduce.backend..",
                            "org.jhorovod.allreduce.rendezvous..");

    @ArchTest
    static final ArchRule bridgeKnowsNeitherDjlNorLauncher =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "ai.djl..", "org.jhorovod.djl..", "org.jhorovod.launcher..");

    @ArchTest
    static final ArchRule bridgeReadsNeitherEnvironmentNorProperties =
            noClasses()
                    .should()
                    .callMethod(System.class, "getenv", String.class)
                    .orShould()
                    .callMethod(System.class, "getProperty", String.class)
                    .because("a knob is one constant in Settings, and nothing else reads it");
}
