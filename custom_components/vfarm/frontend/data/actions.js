/** What a person can do from a card: the actions of vfarm, for one farm or one of its nodes. */

const perform = (hass, farm, name, data = {}) =>
  hass.callService("vfarm", name, { config_entry_id: farm.entry_id, ...data }, undefined, false);

export const emergencyStop = (hass, farm) => perform(hass, farm, "emergency_stop");

export const releaseStop = (hass, farm) => perform(hass, farm, "release_emergency_stop");

export const armLoop = (hass, farm, loop) => perform(hass, farm, "arm_loop", { loop });

export const runShot = (hass, farm, circuit) =>
  perform(hass, farm, "run_shot", { node: [circuit.id] });

export const advanceWorkflow = (hass, farm, node) =>
  perform(hass, farm, "advance_workflow", { node: [node] });

export const endWorkflow = (hass, farm, node) =>
  perform(hass, farm, "end_workflow", { node: [node] });

export const clearInhibit = (hass, farm, circuit) =>
  perform(hass, farm, "clear_inhibit", { node: [circuit.id] });

export const clearReservoir = (hass, farm, reservoir, inhibit) =>
  perform(hass, farm, "clear_reservoir", { node: [reservoir.id], inhibit });

export const clearLatch = (hass, farm, point) => perform(hass, farm, "clear_latch", { point });

export const giveBack = (hass, farm, point) => perform(hass, farm, "give_back", { point });
