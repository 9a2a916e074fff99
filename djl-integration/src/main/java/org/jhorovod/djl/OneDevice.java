package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.training.TrainingConfig;

/** The rule that a rank trains on one device. */
final class OneDevice {
    private OneDevice() {}

    /**
     * Checks it.
     *
     * @throws IllegalArgumentException if the configuration has more, or not the model's
     */
    static void require(Model model, TrainingConfig trainingConfig) {
        Device[] devices = trainingConfig.getDevices();
        if (devices.length != 1) {
            throw new IllegalArgumentException(
                    "This rank would train on %d devices, but a rank has one. Start one rank per device (jhorovodrun -np %d), or choose one with optDevices(new Device[] {Device.gpu(0)})."
                            .formatted(devices.length, devices.length));
        }
        Device modelDevice = model.getNDManager().getDevice();
        if (!devices[0].equals(modelDevice)) {
            throw new IllegalArgumentException(
                    "The model is on %s, but the training configuration names %s. Create the model on the device that trains it: Model.newInstance(name, device)."
                            .formatted(modelDevice, devices[0]));
        }
    }
}
