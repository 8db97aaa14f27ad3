import { css, html, nothing } from "../vendor/lit.js";
import { advanceDrill, confirmDrill, endDrill, startDrill } from "../data/safety.js";
import { ROLE_ICONS, icon } from "../ui/icons.js";
import "./confirm-button.js";
import { offered } from "./offered.js";

const SURE = {
  verified: ["check", "ok"],
  station: ["check", "idle"],
  declared: ["eye", "idle"],
  unknown: ["alert", "warning"],
};
const STANDING = {
  verified: ["check", "ok"],
  generated: ["check", "idle"],
  failed: ["alertOctagon", "critical"],
  missing: ["alert", "warning"],
};
const LOSSES = ["power", "network", "home_assistant"];

const nameOf = (t, actuator) => `${actuator.name}: ${t.or(`role_${actuator.role}`, actuator.role)}`;

/** What one loss does to an actuator, and how sure that is. */
const outcome = ({ t, f }, loss, { key, seconds, certainty }) => html`<li class="row" data-loss=${loss}>
  ${icon(SURE[certainty][0], `small ${SURE[certainty][1]}`)}
  <span class="grow">
    <span class="muted">${t(`loss_${loss}`)}:</span>
    ${t(`outcome_${key}`, { seconds: f.number(seconds ?? 0) })}
  </span>
  <span class="muted">${t(`certainty_${certainty}`)}</span>
</li>`;

/** How one protection stands: seen by whom and when, set up, or what is missing. */
const protection = ({ t, f }, found) => {
  const { standing, why, on, by, after_s: after, seconds } = found;
  const [name, status] = STANDING[standing];
  const seen = [
    on ? t("protection_seen", { on, by }) : "",
    after === null || after === undefined ? "" : t("protection_after", { seconds: f.number(after, 1) }),
  ];
  const said = why ? [t(`lacks_${why}`), ...seen] : [t(`standing_${standing}`), ...seen];
  return html`<li class="row" data-protection=${found.protection}>
    ${icon(name, `small ${status}`)}
    <span class="grow">
      <strong
        >${t(`protection_${found.protection}`)}${seconds
          ? ` (${t("n_seconds", { n: f.number(seconds) })})`
          : ""}</strong
      ><br />
      <span class="muted">${said.filter(Boolean).join(" · ")}</span>
    </span>
  </li>`;
};

const actuatorRow = (ui, page, actuator) => {
  const { t } = ui;
  const lacking = actuator.protections.filter((p) => ["missing", "failed"].includes(p.standing));
  const station = page.stations.find((one) => one.id === actuator.station);
  return html`<li class="actuator" data-point=${actuator.point}>
    <div class="row">
      ${icon(ROLE_ICONS[actuator.role])}
      <span class="grow"><strong>${nameOf(t, actuator)}</strong></span>
      <span class="muted">${station?.name ?? t("station_none")}</span>
    </div>
    <ul class="lines">
      ${LOSSES.map((loss) => outcome(ui, loss, actuator[loss]))}
    </ul>
    <details>
      <summary class="row">
        ${lacking.length ? icon("alert", "small warning") : icon("check", "small ok")}
        <span class="grow"
          >${lacking.length
            ? t("protections_lacking", { n: lacking.length, of: actuator.protections.length })
            : t("protections_all", { n: actuator.protections.length })}</span
        >
      </summary>
      <ul class="lines">
        ${actuator.protections.map((found) => protection(ui, found))}
      </ul>
    </details>
  </li>`;
};

/** The drill under way: what to do now, what is watched, what came of it. */
const drillCard = (ui, page, done) => {
  const { t, f, hass, farm } = ui;
  const { drill } = page;
  const named = (point) => {
    const found = page.actuators.find((one) => one.point === point);
    return found ? nameOf(t, found) : point;
  };
  const step = drill.stage === "ready" ? `ready_${drill.loss}` : drill.stage;
  const after = async (asked) => {
    await asked;
    await done();
  };
  return html`<section class="card stack drill" data-drill=${drill.stage} aria-label=${t("drill")}>
    <h2>${t("drill")}: ${drill.name}, ${t(`drill_loss_${drill.loss}`)}</h2>
    <p class="row" role="status"><strong>${t(`drill_step_${step}`)}</strong></p>
    <p class="muted">${t("drill_left", { seconds: f.number(drill.left_s) })}</p>
    <ul class="lines">
      ${drill.seen.map(
        (seen) => html`<li class="row" data-seen=${seen.point}>
          ${icon(seen.worked ? "check" : "alertOctagon", `small ${seen.worked ? "ok" : "critical"}`)}
          <span class="grow">${named(seen.point)}: ${t(`protection_${seen.protection}`)}</span>
          <span class="muted"
            >${seen.worked
              ? seen.after_s === null
                ? t("drill_worked")
                : t("protection_after", { seconds: f.number(seen.after_s, 1) })
              : t("drill_failed")}</span
          >
        </li>`
      )}
      ${drill.watched.map(
        (point) => html`<li class="row wrap" data-watched=${point}>
          ${icon("eye", "small idle")} <span class="grow">${named(point)}</span>
          ${drill.stage === "watch"
            ? offered(
                farm,
                "confirm_drill",
                html`<button class="button" @click=${() => after(confirmDrill(hass, farm, point)).catch(done)}>
                  ${t("drill_i_see")}
                </button>`
              )
            : nothing}
        </li>`
      )}
    </ul>
    ${drill.stage === "watch"
      ? nothing
      : offered(
          farm,
          "advance_drill",
          html`<vfarm-confirm-button
            .t=${t}
            icon="check"
            .label=${t(`drill_done_${step}`)}
            .question=${t(`drill_done_${step}`)}
            .confirm=${t("drill_yes")}
            .action=${() => after(advanceDrill(hass, farm))}
          ></vfarm-confirm-button>`
        )}
    ${offered(
      farm,
      "end_drill",
      html`<button class="button" @click=${() => after(endDrill(hass, farm)).catch(done)}>
        ${icon("close")} ${t("drill_end")}
      </button>`
    )}
  </section>`;
};

const stationRow = (ui, page, station, done) => {
  const { t, hass, farm } = ui;
  const begin = (loss) => async () => {
    await startDrill(hass, farm, station.id, loss);
    await done();
  };
  return html`<li class="stack" data-station=${station.id}>
    <div class="row spread wrap">
      <strong>${station.name}</strong>
      <span class="muted">${t(`station_kind_${station.kind}`)}</span>
    </div>
    ${page.drill || !station.drills.length
      ? nothing
      : offered(
          farm,
          "start_drill",
          html`<div class="drills">
            ${station.drills.map(
              (loss) => html`<vfarm-confirm-button
                .t=${t}
                icon="offline"
                .label=${t("drill_try", { loss: t(`drill_loss_${loss}`) })}
                .question=${t("drill_question", { name: station.name })}
                .text=${t("drill_text")}
                .confirm=${t("drill_yes")}
                .action=${begin(loss)}
              ></vfarm-confirm-button>`
            )}
          </div>`
        )}
  </li>`;
};

/** The safety page of a farm: what is lost and what then happens, what is missing, what was seen. */
export const safetyPage = (ui, page, done) => {
  const { t, f } = ui;
  return html`<div class="stack">
    ${page.drill ? drillCard(ui, page, done) : nothing}
    <section class="card stack" aria-label=${t("safety")}>
      <h2 class="row">${icon("lock")} ${t("safety")}</h2>
      <p class="row wrap">
        <span class="tag">${icon("check", "small ok")} ${t("safety_seen", { n: f.number(page.seen) })}</span>
        <span class="tag"
          >${icon("check", "small idle")} ${t("safety_set_up", { n: f.number(page.set_up) })}</span
        >
        <span class="tag"
          >${icon("alert", "small warning")} ${t("safety_missing", { n: f.number(page.missing) })}</span
        >
      </p>
      <p class="muted">${t(page.demo ? "safety_demo" : "safety_people")}</p>
      ${page.problems.length
        ? html`<div class="banner" role="alert">
            ${icon("alert", "warning")}
            <strong>${t("safety_problems")}</strong>
            ${page.problems.map((problem) => html`<span>${problem}</span>`)}
          </div>`
        : nothing}
    </section>
    ${page.stations.length
      ? html`<section class="card stack" aria-label=${t("stations")}>
          <h2>${t("stations")}</h2>
          <ul class="stack">
            ${page.stations.map((station) => stationRow(ui, page, station, done))}
          </ul>
        </section>`
      : nothing}
    <section class="card">
      <ul class="list">
        ${page.actuators.map((actuator) => actuatorRow(ui, page, actuator))}
      </ul>
    </section>
  </div>`;
};

export const safetyStyles = css`
  .list {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr));
    gap: 0 24px;
  }
  .actuator {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 6px;
    align-content: start;
    padding: 12px 0;
    border-bottom: 1px solid var(--vf-line);
  }
  .actuator strong {
    font-weight: 500;
    overflow-wrap: anywhere;
  }
  .lines {
    display: grid;
    gap: 6px;
  }
  .lines .row {
    align-items: start;
  }
  .lines .muted {
    text-align: end;
  }
  .lines .grow .muted {
    text-align: start;
  }
  summary {
    min-height: 48px;
    cursor: pointer;
  }
  .drill {
    border: 2px solid var(--vf-warning);
  }
  .drills {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 220px), 1fr));
    gap: 8px;
  }
`;
