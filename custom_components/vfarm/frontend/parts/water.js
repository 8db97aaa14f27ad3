import { css, html, nothing } from "../vendor/lit.js";
import { clearInhibit, clearReservoir, runShot } from "../data/actions.js";
import { actuators, reasonText } from "./actuators.js";
import { STATUS_ICONS, icon } from "../ui/icons.js";
import { problemText } from "./alerts.js";
import { bar } from "./levels.js";
import { offered } from "./offered.js";
import { reading } from "./readings.js";
import { sensors } from "./sensors.js";

const problems = (t, s) =>
  (s?.problems ?? []).map(
    (key) => html`<p class="row">${icon(STATUS_ICONS[s.status], s.status)} ${problemText(t, key)}</p>`
  );

/** What only a person clears, and what of the reservoir that lets go on. */
const PERSON = {
  dose_ineffective: "dosing",
  dose_low_ec: "dosing",
  dose_failed: "dosing",
  fill_no_rise: "filling",
  fill_failed: "filling",
  fill_passes: "filling",
};
/** Nothing to tell: no fill is due, or there is no automatic fill. */
const QUIET = ["fill_idle", "fill_closed"];

/** Why nothing is given now, unless a problem says the same already. */
const waits = ({ t }, s, view, inhibited) =>
  !view.code || s.problems.includes(view.code) || QUIET.includes(view.code)
    ? nothing
    : html`<p class="row ${inhibited ? "" : "muted"}">
        ${icon(inhibited ? "alert" : "clock", inhibited ? "warning" : "")} ${reasonText(t, view)}
      </p>`;

/** What the tank is given now, or why it is given nothing. */
const given = (ui, s) => {
  const { t, f } = ui;
  const dose = s.dose
    ? html`<p class="row">
        ${icon("water", "ok")}
        <strong
          >${t("dosing_now", {
            ml: f.number(s.dose_ml, 1),
            part: t.or(`role_${s.dose_part}`, s.dose_part ?? ""),
          })}</strong
        >
      </p>`
    : waits(
        ui,
        s,
        { code: s.dosing_code, params: s.dosing_params, reason: s.dosing_reason },
        s.dosing_inhibited
      );
  const fill = s.fill
    ? html`<p class="row">
        ${icon("valve", "ok")}
        <strong>${t("filling_now", { litres: f.number(s.fill_l ?? 0, 1) })}</strong>
      </p>`
    : waits(ui, s, { code: s.fill_code, params: s.fill_params, reason: s.fill_reason }, false);
  return html`${dose} ${fill}`;
};

/** What the tank was given since midnight. */
const today = ({ t, f }, s) => {
  const ml = Object.entries(s.dosed_today_ml ?? {});
  const sum = (found) => found.reduce((total, [, value]) => total + value, 0);
  const nutrient = sum(ml.filter(([role]) => role.includes("nutrient")));
  const ph = sum(ml.filter(([role]) => role.includes("_ph_")));
  const what = [
    nutrient > 0 ? t("given_nutrient", { ml: f.number(nutrient, 0) }) : "",
    ph > 0 ? t("given_ph", { ml: f.number(ph, 1) }) : "",
    s.filled_today_l > 0 ? t("given_water", { litres: f.number(s.filled_today_l, 0) }) : "",
  ].filter(Boolean);
  return what.length
    ? html`<p class="muted">${t("given_today", { what: what.join(" · ") })}</p>`
    : nothing;
};

/** A tank: how full it is, what is in it, what it is given, and why. */
export const reservoir = (ui, node) => {
  const { t, f, hass, farm } = ui;
  const { name, snapshot: s } = node;
  const asks = (s?.problems ?? []).map((key) => PERSON[key]).find(Boolean);
  return html`<section class="card stack" data-reservoir=${node.id} aria-label=${name}>
    <div class="row spread">
      <h2 class="row">${icon("reservoir")} ${name}</h2>
      ${s?.fill_fraction === null || s?.fill_fraction === undefined
        ? nothing
        : html`<span>${t("percent", { n: f.number(s.fill_fraction * 100) })}</span>`}
    </div>
    ${s
      ? html`${s.fill_fraction === null ? nothing : bar("", s.fill_fraction, 1, t("volume"))}
          ${problems(t, s)}
          ${asks
            ? looked(ui, "clear_reservoir", () => clearReservoir(hass, farm, node, asks))
            : nothing}
          <div class="readings">
            ${reading(ui, "ec", s.ec)} ${reading(ui, "ph", s.ph)}
            ${reading(ui, "solution_temperature", s.temperature)}
            ${reading(ui, "dissolved_oxygen", s.oxygen)}
            ${reading(ui, "volume", s.volume)}
          </div>
          ${sensors(ui, s.sensors)}
          ${given(ui, s)} ${today(ui, s)}
          ${s.actuators.length
            ? html`<details ?open=${s.actuators.some((view) => view.latched)}>
                <summary>${t("devices")}</summary>
                ${actuators(ui, s.actuators)}
              </details>`
            : nothing}`
      : nothing}
  </section>`;
};

const lastShot = ({ t, f, now }, s) => {
  if (s.last_shot_at === null || !s.last_end) return t("no_last_shot");
  const words = {
    when: f.since(s.last_shot_at, now),
    end: t(`end_${s.last_end}`),
    litres: f.number(s.last_delivered_l ?? 0, 1),
  };
  return t(s.last_delivered_l === null ? "last_shot" : "last_shot_litres", words);
};

/** What is known of a substrate that is steered, or whose drain is measured. */
const substrate = ({ t, f }, s) => {
  const words = [
    s.steering ? t(`steering_${s.steering}`) : "",
    s.moisture === null ? "" : t("moisture_of", { value: f.number(s.moisture, 1) }),
    s.dryback_points === null ? "" : t("dryback_of", { value: f.number(s.dryback_points, 1) }),
    s.runoff_today_pct === null ? "" : t("runoff_of", { value: f.number(s.runoff_today_pct) }),
  ].filter(Boolean);
  return words.length ? html`<p class="muted">${words.join(" · ")}</p>` : nothing;
};

/** A person has looked at what has stopped for good. */
const looked = ({ t, farm }, name, action) =>
  offered(
    farm,
    name,
    html`<vfarm-confirm-button
      .t=${t}
      icon="check"
      .label=${t("clear_latch")}
      .question=${t("latch_question")}
      .text=${t("clear_latch_text")}
      .confirm=${t("clear_latch_confirm")}
      .action=${action}
    ></vfarm-confirm-button>`
  );

/** A circuit: what it does, when the next shot is, how the last one ended. */
export const circuit = (ui, node) => {
  const { t, f, now, hass, farm } = ui;
  const s = node.snapshot;
  if (!s) return nothing;
  return html`<section class="card stack circuit" data-circuit=${node.id} aria-label=${node.name}>
    <div class="row spread wrap">
      <h2>${node.name}</h2>
      <span class="muted">${t.or(`method_${node.method}`, node.method)}</span>
    </div>
    ${s.stage
      ? html`<p class="row">
          ${icon("water", "ok")}
          <strong>${t(`shot_stage_${s.stage}`)}</strong>
          <span class="muted">${t("shot_planned", { seconds: f.seconds(s.planned_s) })}</span>
        </p>`
      : html`<p class="row">
          ${icon("clock")}
          <strong
            >${s.cycling
              ? t("cycling")
              : s.next_shot_at === null
                ? t("no_next_shot")
                : t("next_shot", { when: f.until(s.next_shot_at, now) })}</strong
          >
        </p>`}
    ${substrate(ui, s)} ${problems(t, s)} ${sensors(ui, s.sensors)} ${s.inhibited
      ? looked(ui, "clear_inhibit", () => clearInhibit(hass, farm, node))
      : nothing}
    <p class="muted">
      ${lastShot(ui, s)}<br />${t.count("today", s.shots_today, {
        shots: f.number(s.shots_today),
        litres: f.number(s.litres_today, 1),
      })}
    </p>
    ${s.stage
      ? nothing
      : offered(
          farm,
          "run_shot",
          html`<vfarm-confirm-button
            .t=${t}
            icon="water"
            .label=${t("shot_now")}
            .question=${t("shot_question", { name: node.name })}
            .confirm=${t("shot_confirm")}
            .action=${() => runShot(hass, farm, node)}
          ></vfarm-confirm-button>`
        )}
    ${s.actuators.length
      ? html`<details ?open=${s.actuators.some((view) => view.latched)}>
          <summary>${t("devices")}</summary>
          ${actuators(ui, s.actuators)}
        </details>`
      : nothing}
  </section>`;
};

export const waterStyles = css`
  .tiles {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 280px), 1fr));
    gap: 12px;
    align-items: start;
  }
  .tiles .stack {
    gap: 8px;
  }
  strong {
    font-weight: 500;
  }
  summary {
    display: flex;
    align-items: center;
    min-height: 48px;
    cursor: pointer;
  }
  summary::before {
    content: "▸";
    width: 20px;
  }
  details[open] summary::before {
    content: "▾";
  }
`;
