package org.jhorovod.launcher.spark;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The walls around the ranks in Spark's tasks. */
@AnalyzeClasses(packages = "org.jhorovod.launcher.spark", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule ofJHorovodItUsesTheDoorItsVocabularyAndTheTrainer =
            classes()
                    .should()
                    .onlyDependOnClassesThat(
                            resideInAnyPackage(
                                    "org.jhorovod.launcher.spark",
                                    "org.jhorovod.allreduce",
                                    "org.jhorovod.allreduce.collective",
                                    "org.jhorovod.allreduce.config",
                                    "org.jhorovod.allreduce.rendezvous",
                                    "org.jhorovod.djl",
                                    "org.apache.spark..",
                                    "ai.djl..",
                                    "scala..",
                                    "java..",
                                    "org.slf4j",
                                    "org.jspecify.."));
}
