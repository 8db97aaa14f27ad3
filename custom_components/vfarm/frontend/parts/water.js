import { css, html, nothing } from "../vendor/lit.js";
import { clearInhibit, runShot } from "../data/actions.js";
import { actuators } from "./actuators.js";
import { STATUS_ICONS, icon } from "../ui/icons.js";
import { problemText } from "./alerts.js";
import { bar } from "./levels.js";
import { reading } from "./readings.js";

const problems = (t, s) =>
  (s?.problems ?? []).map(
    (key) => html`<p class="row">${icon(STATUS_ICONS[s.status], s.status)} ${problemText(t, key)}</p>`
  );

/** A tank: how full it is and what is in it. */
export const reservoir = (ui, { name, snapshot: s }) => html`<section class="card stack" aria-label=${name}>
  <div class="row spread">
    <h2 class="row">${icon("reservoir")} ${name}</h2>
    ${s?.fill_fraction === null || s?.fill_fraction === undefined
      ? nothing
      : html`<span>${ui.t("percent", { n: ui.f.number(s.fill_fraction * 100) })}</span>`}
  </div>
  ${s
    ? html`${s.fill_fraction === null ? nothing : bar("", s.fill_fraction, 1, ui.t("volume"))}
        ${problems(ui.t, s)}
        <div class="readings">
          ${reading(ui, "ec", s.ec)} ${reading(ui, "ph", s.ph)}
          ${reading(ui, "solution_temperature", s.temperature)} ${reading(ui, "volume", s.volume)}
        </div>`
    : nothing}
</section>`;

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

/** A person has looked at a circuit whose shots failed in a row. */
const cleared = ({ t, hass, farm }, node) => html`<vfarm-confirm-button
  .t=${t}
  icon="check"
  .label=${t("clear_latch")}
  .question=${t("latch_question")}
  .text=${t("clear_latch_text")}
  .confirm=${t("clear_latch_confirm")}
  .action=${() => clearInhibit(hass, farm, node)}
></vfarm-confirm-button>`;

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
    ${substrate(ui, s)} ${problems(t, s)} ${s.inhibited ? cleared(ui, node) : nothing}
    <p class="muted">
      ${lastShot(ui, s)}<br />${t.count("today", s.shots_today, {
        shots: f.number(s.shots_today),
        litres: f.number(s.litres_today, 1),
      })}
    </p>
    ${s.stage
      ? nothing
      : html`<vfarm-confirm-button
          .t=${t}
          icon="water"
          .label=${t("shot_now")}
          .question=${t("shot_question", { name: node.name })}
          .confirm=${t("shot_confirm")}
          .action=${() => runShot(hass, farm, node)}
        ></vfarm-confirm-button>`}
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
