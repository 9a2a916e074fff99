package org.jhorovod.djl;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "org.jhorovod.djl", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule usesOnlyTheDoorAndTheVocabularyOfTheCore =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "org.jhorovod.allreduce.rendezvous..",
                            "org.jhorovod.allreduce.control..",
                            "org.jhorovod.allreduce.transport..",
                            "org.jhorovod.allreduce.algorithm..",
                            "org.jhorovod.allreduce.backend..",
                            "org.jhorovod.allreduce.engine..",
                            "org.jhorovod.launcher..",
                            "org.jhorovod.examples..");
}
