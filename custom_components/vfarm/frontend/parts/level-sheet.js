import { LitElement, css, html, nothing } from "../vendor/lit.js";
import { STATUS_ICONS, icon } from "../ui/icons.js";
import { shared } from "../ui/styles.js";
import { actuatorStyles, actuators } from "./actuators.js";
import { problemText } from "./alerts.js";
import { bar, cropName, dliText, levelStyles, lightText, phaseName } from "./levels.js";
import { sensors } from "./sensors.js";

/** Everything about one level, over the page: a sheet from below on a phone. */
class LevelSheet extends LitElement {
  static properties = { ui: { attribute: false }, level: { attribute: false } };

  static styles = [
    shared,
    levelStyles,
    actuatorStyles,
    css`
      dialog {
        width: min(100vw, 560px);
        max-width: none;
        max-height: 90vh;
        margin: auto auto 0;
        padding: 16px;
        border: 0;
        border-radius: 16px 16px 0 0;
        background: var(--vf-surface);
        color: inherit;
        overflow-y: auto;
      }
      @media (min-width: 700px) {
        dialog {
          margin: auto;
          border-radius: 16px;
        }
      }
      dialog::backdrop {
        background: rgba(0, 0, 0, 0.5);
      }
      .close {
        display: grid;
        place-items: center;
        width: 48px;
        height: 48px;
        flex: none;
      }
      .block {
        display: grid;
        gap: 6px;
      }
    `,
  ];

  firstUpdated() {
    this.renderRoot.querySelector("dialog").showModal();
  }

  render() {
    const { ui, level } = this;
    const { t } = ui;
    return html`<dialog
      aria-label=${level.name}
      @close=${this._closed}
      @click=${(event) => event.target === event.currentTarget && event.target.close()}
    >
      <div class="stack">
        <div class="row spread">
          <h2 class="grow">${ui.farm.placeName(level.id)}</h2>
          <button class="close" aria-label=${t("close")} @click=${this._close}>
            ${icon("close")}
          </button>
        </div>
        ${level.snapshot ? this._details(ui, level, level.snapshot) : nothing}
        <p class="muted">
          ${t("area_sites", {
            area: ui.f.number(level.area_m2, 2),
            sites: ui.f.number(level.sites),
          })}
        </p>
        ${level.snapshot?.lamp_hours ? this._lamps(ui, level.snapshot) : nothing}
        ${level.device_id
          ? html`<a class="button" href="/config/devices/device/${level.device_id}"
              >${t("device_page")} ${icon("link")}</a
            >`
          : nothing}
      </div>
    </dialog>`;
  }

  _lamps({ t, f }, s) {
    const percent = (share) => t("percent", { n: f.number(share * 100) });
    return html`<p class="muted">
      ${t("lamps_line", { hours: f.number(s.lamp_hours), left: percent(s.lamp_left) })}
      ${s.lamp_ratio === null
        ? nothing
        : html`(${t("lamps_ratio", { ratio: percent(s.lamp_ratio) })})`}
    </p>`;
  }

  _details(ui, level, s) {
    const { t, f, now } = ui;
    return html`
      ${s.problems.map(
        (key) => html`<p class="row">
          ${icon(STATUS_ICONS[s.status], s.status)} <strong>${problemText(t, key)}</strong>
        </p>`
      )}
      ${sensors(ui, s.sensors)}
      ${s.crop
        ? html`<div class="block">
            <strong>${s.batch_title || cropName(t, s.crop)}</strong>
            <span
              >${s.batch_title ? html`${cropName(t, s.crop)} · ` : nothing}
              ${t("phase_day", {
                phase: phaseName(t, s.phase),
                day: f.number(Math.floor(s.day_of_phase) + 1),
              })}</span
            >
            ${bar("growth", s.fraction, 1, t("harvest_on", { date: "" }))}
            <span
              >${s.expected_harvest_at <= now
                ? t("harvest_due")
                : html`${t("harvest_on", { date: f.date(s.expected_harvest_at) })}
                    <span class="muted">${f.until(s.expected_harvest_at, now)}</span>`}</span
            >
          </div>`
        : html`<p>${t("empty")}</p>`}
      ${s.dli_target
        ? html`<div class="block">
            <span class="row">
              ${icon(s.day ? "day" : "night", s.day ? "lamp" : "idle")} ${lightText(ui, s)}
            </span>
            ${s.ppfd === null
              ? nothing
              : html`<span
                  >${t("ppfd")}:
                  ${t("ppfd_of", { value: f.number(s.ppfd), target: f.number(s.ppfd_target ?? 0) })}
                  ${s.ppfd_source === "measured"
                    ? nothing
                    : html`<span class="muted">(${t(`ppfd_${s.ppfd_source}`)})</span>`}</span
                >`}
            ${s.shift_h
              ? html`<span
                  >${t("light_moved", { hours: f.number(s.shift_h, 2) })}
                  ${s.saving > 0
                    ? html`<span class="muted"
                        >(${t("light_saving", {
                          share: t("percent", { n: f.number(s.saving * 100) }),
                        })})</span
                      >`
                    : nothing}</span
                >`
              : nothing}
            ${(s.notes ?? []).map((key) => html`<span class="muted">${t(`note_${key}`)}</span>`)}
            ${bar("light", s.dli ?? 0, s.dli_target, t("dli"))}
            <span
              >${t("dli")}: ${dliText(ui, s)}
              ${s.dli_yesterday === null
                ? nothing
                : html`<span class="muted"
                    >${t("dli_yesterday", { value: f.number(s.dli_yesterday, 1) })}</span
                  >`}</span
            >
          </div>`
        : nothing}
      ${level.watering
        ? html`<p class="row">
            ${icon("water")} ${t("watered_by")} ${level.watering.name}
          </p>`
        : nothing}
      ${s.actuators.length
        ? html`<div>
            <h3>${t("devices")}</h3>
            ${actuators(ui, s.actuators)}
          </div>`
        : nothing}
    `;
  }

  _close() {
    this.renderRoot.querySelector("dialog").close();
  }

  _closed() {
    this.dispatchEvent(new CustomEvent("closed"));
  }
}

customElements.define("vfarm-level-sheet", LevelSheet);
