package org.jhorovod.djl;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The walls around the trainer. */
@AnalyzeClasses(packages = "org.jhorovod.djl", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule coreIsUsedThroughItsDoorAndVocabulary =
            noClasses()
                    .should()
                    .dependOnClassesThat(
                            resideInAPackage("org.jhorovod.allreduce..")
                                    .and(
                                            not(
                                                    resideInAnyPackage(
                                                            "org.jhorovod.allreduce",
                                                            "org.jhorovod.allreduce.codec..",
                                                            "org.jhorovod.allreduce.collective..",
                                                            "org.jhorovod.allreduce.config..",
                                                            "org.jhorovod.allreduce.timeline..",
                                                            "org.jhorovod.allreduce.tuning..")))
                                    .and(not(name("org.jhorovod.allreduce.spi.ReductionKernel"))))
                    .allowEmptyShould(true);

    @ArchTest
    static final ArchRule trainerKnowsNeitherLauncherNorExamples =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "org.jhorovod.launcher..", "org.jhorovod.examples..", "picocli..")
                    .allowEmptyShould(true);

    @ArchTest
    static final ArchRule trainerKnowsNoListenerOfItsUsers =
            noClasses()
                    .that()
                    .resideInAPackage("org.jhorovod.djl")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("org.jhorovod.djl.listener..");

    @ArchTest
    static final ArchRule packagesFormNoCycle =
            slices().matching("org.jhorovod.djl.(*)..")
                    .should()
                    .beFreeOfCycles()
                    .allowEmptyShould(true);
}
