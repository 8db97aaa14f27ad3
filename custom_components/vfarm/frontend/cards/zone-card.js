import { html, nothing } from "../vendor/lit.js";
import { actuatorStyles, actuators } from "../parts/actuators.js";
import { alertStyles, problemText } from "../parts/alerts.js";
import { batchList, batchStyles } from "../parts/batches.js";
import { levelStyles, rack } from "../parts/levels.js";
import { reading, readingStyles } from "../parts/readings.js";
import { sensors } from "../parts/sensors.js";
import { STATUS_ICONS, icon } from "../ui/icons.js";
import { shared } from "../ui/styles.js";
import { FarmCard } from "./base.js";

/** One zone: its air, what its devices do and why, its racks and what grows on them. */
class ZoneCard extends FarmCard {
  static styles = [
    shared,
    alertStyles,
    readingStyles,
    levelStyles,
    actuatorStyles,
    batchStyles,
  ];

  setConfig(config) {
    if (!config.zone) throw new Error("zone: the id of a zone is needed");
    super.setConfig(config);
  }

  renderFarm(ui) {
    const { farm, t, f } = ui;
    const zone = farm.zones.find((other) => other.id === this._config.zone);
    if (!zone) {
      return html`<section class="card row">${icon("alert", "warning")} ${t("not_loaded", { error: this._config.zone })}</section>`;
    }
    const s = zone.snapshot;
    const here = new Set(zone.levels.map((level) => level.id));
    return html`<div class="stack">
      <section class="card stack" data-zone=${zone.id} aria-label=${zone.name}>
        <div class="row spread">
          <h2>${zone.name}</h2>
          ${s
            ? html`<span class="row">
                ${icon(s.day ? "day" : "night", s.day ? "lamp" : "idle")}
                ${t(s.day ? "zone_day" : "zone_night")}
              </span>`
            : nothing}
        </div>
        ${(s?.problems ?? []).map(
          (key) => html`<p class="row">
            ${icon(STATUS_ICONS[s.status], s.status)} <strong>${problemText(t, key)}</strong>
          </p>`
        )}
        ${s
          ? html`<div class="readings">
                ${reading(ui, "air_temperature", s.air_temperature)}
                ${reading(ui, "humidity", s.humidity)} ${reading(ui, "vpd", s.vpd)}
                ${reading(ui, "co2", s.co2)}
              </div>
              ${sensors(ui, s.sensors)}
              ${s.dew_point === null
                ? nothing
                : html`<p class="muted">${t("dew_point")} ${f.number(s.dew_point, 1)} °C</p>`}`
          : nothing}
      </section>
      ${s?.actuators.length
        ? html`<section class="card">
            <h2>${t("devices")}</h2>
            ${actuators(ui, s.actuators)}
          </section>`
        : nothing}
      <section class="card"><div class="racks">${zone.racks.map((node) => rack(ui, node))}</div></section>
      ${batchList(
        ui,
        farm.batches.filter((batch) => batch.levels.some((level) => here.has(level)))
      )}
    </div>`;
  }
}

customElements.define("vfarm-zone-card", ZoneCard);
