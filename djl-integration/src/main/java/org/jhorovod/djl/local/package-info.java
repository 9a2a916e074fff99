/**
 * Local steps: sites that train by themselves for some steps, and then agree on parameters.
 *
 * <p>Local SGD (Stich, arXiv 1805.09767) where the sites' changes are averaged, DiLoCo (Douillard
 * et al., arXiv 2311.08105) where an outer optimizer with momentum takes them, and Streaming DiLoCo
 * (arXiv 2501.18512) where that is done by fragments beside the steps.
 */
@NullMarked
package org.jhorovod.djl.local;

import org.jspecify.annotations.NullMarked;
