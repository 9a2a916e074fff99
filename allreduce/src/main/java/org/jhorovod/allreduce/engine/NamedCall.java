package org.jhorovod.allreduce.engine;

import org.jhorovod.allreduce.negotiation.Request;

/**
 * What a call by name submits, once its arguments are found right.
 *
 * @param request what the ranks agree on
 * @param named what this rank does then
 * @param <T> what comes of it
 */
record NamedCall<T>(Request request, Named<T> named) {

    NamedCall<T> in(Request.Grouping grouping) {
        return new NamedCall<>(new Request(request.call(), request.shape(), grouping), named);
    }
}
