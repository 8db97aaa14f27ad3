import { html, svg } from "../vendor/lit.js";
import { PATHS } from "../vendor/mdi.js";

/** An icon. It never stands alone: the text beside it says the same. */
export const icon = (name, className = "") => html`<svg
  class="icon ${className}"
  viewBox="0 0 24 24"
  aria-hidden="true"
>
  ${svg`<path d=${PATHS[name] ?? PATHS.missing}></path>`}
</svg>`;

/** The icon of each status. */
export const STATUS_ICONS = {
  idle: "idle",
  ok: "check",
  warning: "alert",
  critical: "alertOctagon",
};

/** The icon of each actuator role. */
export const ROLE_ICONS = {
  grow_light: "lamp",
  grow_light_white: "lamp",
  grow_light_blue: "lamp",
  grow_light_red: "lamp",
  grow_light_far_red: "lamp",
  heater: "heater",
  cooler: "cooler",
  humidifier: "humidifier",
  dehumidifier: "dehumidifier",
  exhaust_fan: "fan",
  circulation_fan: "fan",
  co2_valve: "co2",
  irrigation_pump: "pump",
  irrigation_valve: "valve",
  air_pump: "pump",
  fill_valve: "valve",
  drain_valve: "valve",
  mixing_pump: "pump",
  dosing_pump_nutrient_a: "water",
  dosing_pump_nutrient_b: "water",
  dosing_pump_nutrient_c: "water",
  dosing_pump_ph_down: "water",
  dosing_pump_ph_up: "water",
};
