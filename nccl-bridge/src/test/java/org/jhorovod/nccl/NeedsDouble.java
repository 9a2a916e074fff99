package org.jhorovod.nccl;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.condition.EnabledIf;

/** Tests on the double of CUDA and NCCL; skipped where it cannot be built. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@EnabledIf(
        value = "org.jhorovod.nccl.NativeDouble#canBeBuilt",
        disabledReason = "The package g++ is missing, which builds the double of CUDA and NCCL.")
@interface NeedsDouble {}
