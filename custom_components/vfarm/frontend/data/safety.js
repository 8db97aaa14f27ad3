/** What the cards ask about stations, and the steps of a drill. */

const perform = (hass, farm, name, data = {}) =>
  hass.callService("vfarm", name, { config_entry_id: farm.entry_id, ...data }, undefined, false);

export const getSafety = (hass, farm) =>
  hass.callWS({ type: "vfarm/safety", entry_id: farm.entry_id, language: hass.language });

export const startDrill = (hass, farm, station, loss) =>
  perform(hass, farm, "start_drill", { station, loss });

export const advanceDrill = (hass, farm) => perform(hass, farm, "advance_drill");

export const confirmDrill = (hass, farm, point) => perform(hass, farm, "confirm_drill", { point });

export const endDrill = (hass, farm) => perform(hass, farm, "end_drill");
