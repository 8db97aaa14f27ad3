import { css, html, nothing } from "../vendor/lit.js";
import { icon } from "../ui/icons.js";

const OUTCOMES = { passed: ["check", "ok"], waiting: ["clock", "idle"], failed: ["alert", "warning"] };
const STATES = { paused: ["pause", "warning"], rolled_back: ["alert", "warning"] };
/** Gates whose figures are shares; the others count days or batches. */
const SHARES = ["min_inside", "max_losses", "yield_not_lower"];

const percent = (f, share) => `${f.number(100 * share, Math.abs(share) < 0.1 ? 1 : 0)} %`;

const figure = (f, gate, value) => {
  if (value === null || value === undefined) return "?";
  return SHARES.includes(gate) ? percent(f, value) : f.number(value, value % 1 ? 1 : 0);
};

const gateRow = ({ t, f }, { gate, outcome, value, limit }) => html`<li
  class="row"
  data-gate=${gate}
>
  ${icon(OUTCOMES[outcome][0], `small ${OUTCOMES[outcome][1]}`)}
  <span class="grow">${t(`rollout_gate_${gate}`)}: ${t(`rollout_outcome_${outcome}`)}</span>
  <span class="muted">${figure(f, gate, value)} / ${figure(f, gate, limit)}</span>
</li>`;

const rolloutRow = (ui, rollout) => {
  const { farm, t, f } = ui;
  const titles = new Map(farm.batches.map((batch) => [batch.id, batch.title]));
  const names = (ids) => ids.map((id) => titles.get(id) || id).join(", ");
  const [iconName, status] = STATES[rollout.state] ?? ["sprout", "idle"];
  const open = ["running", "paused"].includes(rollout.state);
  const left = Object.keys(rollout.left);
  return html`<li class="rollout" data-rollout=${rollout.id}>
    <div class="row spread wrap">
      <strong>${rollout.recipe}: ${rollout.was.slice(0, 6)} → ${rollout.version.slice(0, 6)}</strong>
      <span class="row">${icon(iconName, `small ${status}`)} ${t(`rollout_state_${rollout.state}`)}</span>
    </div>
    <p>${t(`rollout_strategy_${rollout.strategy}`)}</p>
    <p class="muted">
      ${[
        t("rollout_counts", {
          sown: f.number(rollout.sown.length),
          moved: f.number(rollout.moved.length),
          old: f.number(rollout.on_old.length),
        }),
        rollout.levels.map(farm.placeName).join(", "),
        rollout.waits_for.length ? t("rollout_waits", { names: names(rollout.waits_for) }) : null,
        left.length ? t("rollout_left", { names: names(left) }) : null,
      ]
        .filter(Boolean)
        .join(" · ")}
    </p>
    ${rollout.new_inside === null && rollout.old_inside === null
      ? nothing
      : html`<p class="muted">
          ${t("rollout_inside", {
            new: rollout.new_inside === null ? "?" : percent(f, rollout.new_inside),
            old: rollout.old_inside === null ? "?" : percent(f, rollout.old_inside),
          })}
        </p>`}
    ${open && rollout.gates.length
      ? html`<ul class="gates">
          ${rollout.gates.map((gate) => gateRow(ui, gate))}
        </ul>`
      : nothing}
  </li>`;
};

/** New versions of recipes on their way into the farm; nothing where there are none. */
export const rolloutList = (ui) => {
  const rollouts = ui.farm.snapshot?.rollouts ?? [];
  if (!rollouts.length) return nothing;
  return html`<section class="card" aria-label=${ui.t("rollouts")}>
    <h2 class="row">${icon("sprout")} ${ui.t("rollouts")}</h2>
    <ul class="rollouts">
      ${rollouts.map((rollout) => rolloutRow(ui, rollout))}
    </ul>
  </section>`;
};

export const rolloutStyles = css`
  .rollouts {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr));
    gap: 0 24px;
  }
  .rollout {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 6px;
    align-content: start;
    padding: 12px 0;
    border-bottom: 1px solid var(--vf-line);
  }
  .rollout strong {
    font-weight: 500;
    overflow-wrap: anywhere;
  }
  .rollout .row {
    gap: 4px 8px;
  }
  .gates {
    display: grid;
    gap: 4px;
  }
`;
