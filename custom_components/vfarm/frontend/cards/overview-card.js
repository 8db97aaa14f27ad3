import { css, html, nothing } from "../vendor/lit.js";
import { actuatorStyles } from "../parts/actuators.js";
import { alertStyles, banners, emergencyButton, problemList } from "../parts/alerts.js";
import { batchList, batchStyles } from "../parts/batches.js";
import { levelStyles, rack } from "../parts/levels.js";
import { reading, readingStyles } from "../parts/readings.js";
import { circuit, reservoir, waterStyles } from "../parts/water.js";
import { STATUS_ICONS, icon } from "../ui/icons.js";
import { shared } from "../ui/styles.js";
import { FarmCard } from "./base.js";

const MODE_ICONS = { auto: "auto", monitor: "eye", hold: "pause" };

/** The whole farm at a glance. */
class OverviewCard extends FarmCard {
  static styles = [
    shared,
    alertStyles,
    readingStyles,
    levelStyles,
    actuatorStyles,
    waterStyles,
    batchStyles,
    css`
      :host {
        container-type: inline-size;
        max-width: 1800px;
        margin: 0 auto;
        padding: 8px;
      }
      .head {
        display: grid;
        gap: 12px;
      }
      h1 {
        font-size: 24px;
        font-weight: 400;
      }
      .over {
        padding: 8px 12px 0;
      }
      .zones > section {
        align-content: start;
      }
      .zones {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 12px;
      }
      @container (min-width: 760px) {
        .head {
          grid-template-columns: minmax(0, 1fr) minmax(240px, 360px);
          align-items: center;
        }
      }
      @container (min-width: 1080px) {
        .zones {
          grid-template-columns: repeat(auto-fit, minmax(500px, 1fr));
        }
      }
    `,
  ];

  renderFarm(ui) {
    const { farm, t } = ui;
    return html`<div class="stack">
      ${this._head(ui)} ${banners(ui)} ${problemList(ui)}
      <div class="zones">${farm.zones.map((zone) => this._zone(ui, zone))}</div>
      ${this._tiles(t("circuits"), farm.circuits, (node) => circuit(ui, node))}
      ${this._tiles(t("reservoirs"), farm.reservoirs, (node) => reservoir(ui, node))}
      ${batchList(ui)}
    </div>`;
  }

  _tiles(title, nodes, draw) {
    if (!nodes.length) return nothing;
    return html`<section class="stack" aria-label=${title}>
      <h2 class="over">${title}</h2>
      <div class="tiles">${nodes.map(draw)}</div>
    </section>`;
  }

  _head(ui) {
    const { farm, t, f, now } = ui;
    const s = farm.snapshot;
    return html`<header class="card head">
      <div class="stack">
        <h1>${farm.name}</h1>
        <div class="row wrap">
          <span class="tag" data-status=${farm.status}>
            ${icon(STATUS_ICONS[farm.status], farm.status)} ${t(`status_${farm.status}`)}
          </span>
          ${s
            ? html`<span class="tag">${icon(MODE_ICONS[s.mode])} ${t(`mode_${s.mode}`)}</span>`
            : nothing}
          <span class="tag">
            ${icon("clock")} ${t("farm_time", { time: `${f.date(now)}, ${f.time(now)}` })}
          </span>
          ${farm.demo
            ? html`<span class="tag">
                ${icon("speed")} ${t("demo")}, ${t("speed", { n: f.number(farm.speed) })}
              </span>`
            : nothing}
        </div>
      </div>
      ${emergencyButton(ui)}
    </header>`;
  }

  _zone(ui, zone) {
    const { t } = ui;
    const s = zone.snapshot;
    return html`<section class="card stack" data-zone=${zone.id} aria-label=${zone.name}>
      <div class="row spread">
        <h2 class="clip">${zone.name}</h2>
        ${s
          ? html`<span class="row">
              ${icon(s.day ? "day" : "night", s.day ? "lamp" : "idle")}
              ${t(s.day ? "zone_day" : "zone_night")}
            </span>`
          : nothing}
      </div>
      ${s
        ? html`<div class="readings">
            ${reading(ui, "air_temperature", s.air_temperature)}
            ${reading(ui, "humidity", s.humidity)} ${reading(ui, "vpd", s.vpd)}
            ${reading(ui, "co2", s.co2)}
          </div>`
        : nothing}
      <div class="racks">${zone.racks.map((node) => rack(ui, node))}</div>
    </section>`;
  }
}

customElements.define("vfarm-overview-card", OverviewCard);
