package org.jhorovod.launcher;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The walls around the launcher. */
@AnalyzeClasses(packages = "org.jhorovod.launcher", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule coreIsUsedForVocabularyConfigurationAndRendezvous =
            noClasses()
                    .should()
                    .dependOnClassesThat(
                            resideInAPackage("org.jhorovod.allreduce..")
                                    .and(
                                            resideInAnyPackage(
                                                            "org.jhorovod.allreduce.collective..",
                                                            "org.jhorovod.allreduce.config..",
                                                            "org.jhorovod.allreduce.rendezvous..",
                                                            "org.jhorovod.allreduce.spi..",
                                                            "org.jhorovod.allreduce.timeline..")
                                                    .negate()))
                    .allowEmptyShould(true);

    @ArchTest
    static final ArchRule launcherKnowsNoDjl =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("ai.djl..", "org.jhorovod.djl..", "org.jhorovod.examples..")
                    .because(
                            "it starts any program, and DJL's cache is warmed by that program's"
                                    + " classes")
                    .allowEmptyShould(true);

    @ArchTest
    static final ArchRule packagesFormNoCycle =
            slices().matching("org.jhorovod.launcher.(*)..")
                    .should()
                    .beFreeOfCycles()
                    .allowEmptyShould(true);
}
