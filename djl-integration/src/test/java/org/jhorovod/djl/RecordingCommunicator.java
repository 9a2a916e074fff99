package org.jhorovod.djl;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;

/** Notes what is called under which name, and calls it. */
final class RecordingCommunicator {
    private final Communicator communicator;
    private final List<String> calls = new ArrayList<>();
    private final Communicator recording =
            (Communicator)
                    Proxy.newProxyInstance(
                            getClass().getClassLoader(),
                            new Class<?>[] {Communicator.class},
                            (proxy, method, arguments) -> call(method, arguments));

    RecordingCommunicator(Communicator communicator) {
        this.communicator = communicator.planned();
    }

    Communicator recording() {
        return recording;
    }

    private Object call(Method method, Object[] arguments) throws Throwable {
        String name = method.getName();
        if (name.equals("planned")) {
            return recording;
        }
        if (arguments != null && arguments[0] instanceof String of) {
            calls.add(name + " " + of);
        }
        try {
            return method.invoke(communicator, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** The names of what a method was called for, since the last time. */
    List<String> take(String method) {
        List<String> names =
                calls.stream()
                        .filter(call -> call.startsWith(method + " "))
                        .map(call -> call.substring(method.length() + 1))
                        .toList();
        calls.removeIf(call -> call.startsWith(method + " "));
        return names;
    }
}
