package org.jhorovod.launcher.job;

import com.google.common.net.InetAddresses;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jhorovod.launcher.agent.AddressTrial;

/** Decides by which address of the launcher the ranks of each host go to the rendezvous. */
final class AddressChoice {
    private AddressChoice() {}

    /**
     * The first address that all hosts reach. Where there is none, each host gets the one that most
     * hosts reach among those that it does.
     *
     * @param trials of each host, all of the same addresses in the same order
     * @return by host; without those that reach none
     */
    static Map<String, String> choose(Map<String, ? extends List<AddressTrial>> trials) {
        Map<String, String> chosen = new LinkedHashMap<>();
        trials.forEach(
                (host, own) -> {
                    AddressTrial best = null;
                    long most = 0;
                    for (AddressTrial trial : own) {
                        long count = countReaching(trial.address(), trials.values());
                        if (trial.isSuccess() && count > most) {
                            best = trial;
                            most = count;
                        }
                    }
                    if (best != null) {
                        chosen.put(host, best.address());
                    }
                });
        return chosen;
    }

    private static long countReaching(
            String address, Collection<? extends List<AddressTrial>> trials) {
        return trials.stream()
                .flatMap(List::stream)
                .filter(trial -> trial.address().equals(address) && trial.isSuccess())
                .count();
    }

    /** Address and port as {@code JHOROVOD_RENDEZVOUS} holds them. */
    static String withPort(String address, int port) {
        return InetAddresses.toUriString(InetAddresses.forString(address)) + ":" + port;
    }

    /** Why a host reaches none of the addresses, and what to do. */
    static String explainFailure(List<AddressTrial> trials, int port) {
        StringBuilder text = new StringBuilder("it cannot connect to this host at ");
        for (int i = 0; i < trials.size(); i++) {
            AddressTrial trial = trials.get(i);
            text.append(i == 0 ? "" : ", ").append(trial.address());
            text.append(" (").append(trial.failure()).append(')');
        }
        return text.append(", port ")
                .append(port)
                .append(
                        ". Open the way in the firewall, or name the right interface with"
                                + " --network-interface")
                .toString();
    }
}
