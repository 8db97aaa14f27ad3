/** What a person can do from a card: the actions of vfarm, for one farm or one of its nodes. */

const perform = (hass, name, data, deviceId) =>
  hass.callService("vfarm", name, data, deviceId ? { device_id: deviceId } : undefined, false);

export const emergencyStop = (hass, farm) => perform(hass, "emergency_stop", {}, farm.device_id);

export const releaseStop = (hass, farm) =>
  perform(hass, "release_emergency_stop", {}, farm.device_id);

export const armLoop = (hass, farm, loop) => perform(hass, "arm_loop", { loop }, farm.device_id);

export const runShot = (hass, circuit) => perform(hass, "run_shot", {}, circuit.device_id);
