import { css, html, nothing } from "../vendor/lit.js";
import {
  advanceWorkflow,
  armLoop,
  clearLatch,
  emergencyStop,
  endWorkflow,
  releaseStop,
} from "../data/actions.js";
import { STATUS_ICONS, icon } from "../ui/icons.js";
import { words } from "../ui/texts.js";
import "./confirm-button.js";
import { offered } from "./offered.js";

const SHOWN = 6;

const banner = (grave, iconName, title, text, more = nothing) => html`<section
  class="banner ${grave ? "critical" : ""}"
  role=${grave ? "alert" : "status"}
>
  ${icon(iconName, grave ? "critical" : "warning")}
  <h2>${title}</h2>
  ${text ? html`<p>${text}</p>` : nothing} ${more}
</section>`;

/** What holds the whole farm: stop, lost memory, journal, mode, start and stop. */
export const banners = ({ farm, t, f, hass, now, connected }) => {
  const s = farm.snapshot;
  return html`
    ${connected ? nothing : banner(false, "offline", t("connection_lost"))}
    ${s?.emergency ? emergencyBanner(farm, t, hass) : nothing} ${latchBanners(farm, t, hass)}
    ${s?.lost_memory ? banner(true, "alertOctagon", t("lost_memory"), t("lost_memory_text")) : nothing}
    ${s && !s.journal_ok
      ? banner(true, "alertOctagon", t("journal_failed"), t("journal_failed_text"))
      : nothing}
    ${s && !s.emergency && s.disarmed.length ? disarmedBanner(farm, t, hass) : nothing}
    ${s && s.mode !== "auto"
      ? banner(false, s.mode === "hold" ? "pause" : "eye", t(`mode_${s.mode}`), t(`mode_${s.mode}_text`))
      : nothing}
    ${workflowBanners(farm, t, f, hass, now)}
    ${s && s.stage !== "running" ? banner(false, "clock", t(`stage_${s.stage}`)) : nothing}
  `;
};

/** What people are at, each told once, at the node where it was started. */
const workflowBanners = (farm, t, f, hass, now) => {
  const nodes = [...farm.zones, ...farm.levels, ...farm.reservoirs, ...farm.circuits];
  const running = new Map();
  for (const { snapshot } of nodes)
    if (snapshot?.workflow) running.set(snapshot.workflow.node, snapshot.workflow);
  return [...running.values()].map((workflow) => {
    const waits = workflow.until === null;
    const when = waits
      ? t("workflow_waits")
      : t("workflow_until", { when: f.until(workflow.until, now), by: workflow.by });
    const step = workflow.step === "running" ? "" : `${t(`workflow_step_${workflow.step}`)}. `;
    const next = ["drain", "refill", "contact"].includes(workflow.step);
    return banner(
      false,
      waits ? "lock" : "clock",
      `${farm.placeName(workflow.node)}: ${t(`workflow_${workflow.kind}`)}`,
      `${step}${when}`,
      offered(
        farm,
        next ? "advance_workflow" : "end_workflow",
        html`<vfarm-confirm-button
          .t=${t}
          icon="check"
          .label=${t(next ? "workflow_next" : "workflow_end")}
          .question=${next ? t("workflow_next") : t("workflow_end_question")}
          .confirm=${t(next ? "workflow_next" : "workflow_end_confirm")}
          .action=${() => (next ? advanceWorkflow : endWorkflow)(hass, farm, workflow.node)}
        ></vfarm-confirm-button>`
      )
    );
  });
};

/** Smoke and leaks that wait for a person who has looked. */
const latchBanners = (farm, t, hass) =>
  [...farm.zones, ...farm.reservoirs].flatMap((node) =>
    (node.snapshot?.latches ?? []).map((latch) =>
      banner(
        true,
        "lock",
        `${node.name}: ${t(`latch_${latch.role}`)}`,
        t(`problem_${latch.role}`),
        offered(
          farm,
          "clear_latch",
          html`<vfarm-confirm-button
            .t=${t}
            icon="check"
            .label=${t("clear_latch")}
            .question=${t("latch_question")}
            .text=${t("latch_text")}
            .confirm=${t("clear_latch_confirm")}
            .action=${() => clearLatch(hass, farm, latch.point)}
          ></vfarm-confirm-button>`
        )
      )
    )
  );

const emergencyBanner = (farm, t, hass) => {
  const unproved = farm.snapshot.emergency_unproved.map((point) => {
    const found = farm.actuator(point);
    return found ? `${farm.placeName(found.node)}: ${t(`role_${found.view.role}`)}` : point;
  });
  return banner(
    true,
    "stop",
    t("emergency_active"),
    t("emergency_active_text"),
    html`${unproved.length
        ? html`<p><strong>${t("emergency_unproved", { names: unproved.join(", ") })}</strong></p>`
        : nothing}
      ${offered(
        farm,
        "release_emergency_stop",
        html`<vfarm-confirm-button
          .t=${t}
          icon="lock"
          .label=${t("release")}
          .question=${t("release_question")}
          .text=${t("release_text")}
          .confirm=${t("release_confirm")}
          .action=${() => releaseStop(hass, farm)}
        ></vfarm-confirm-button>`
      )}`
  );
};

/** Dosing is armed last: it is offered when nothing else waits. */
const disarmedBanner = (farm, t, hass) => {
  const waiting = farm.snapshot.disarmed;
  const next = waiting.filter((loop) => loop !== "dosing" || waiting.length === 1);
  return banner(
    false,
    "lock",
    t("disarmed"),
    t("disarmed_text"),
    offered(
      farm,
      "arm_loop",
      html`<div class="loops">
        ${next.map(
          (loop) => html`<vfarm-confirm-button
            .t=${t}
            icon="check"
            .label=${t("arm", { loop: t(`loop_${loop}`) })}
            .question=${t("arm", { loop: t(`loop_${loop}`) })}
            .text=${t("arm_question", { loop: words(t(`loop_${loop}`)) })}
            .confirm=${t("arm_confirm")}
            .action=${() => armLoop(hass, farm, loop)}
          ></vfarm-confirm-button>`
        )}
      </div>`
    )
  );
};

/** The emergency stop, always at hand while it is not active. */
export const emergencyButton = ({ farm, t, hass }) =>
  farm.snapshot?.emergency
    ? nothing
    : html`<vfarm-confirm-button
        danger
        .t=${t}
        icon="stop"
        .label=${t("emergency_stop")}
        .question=${t("emergency_question")}
        .text=${`${t("emergency_text")} ${t("emergency_people")}`}
        .confirm=${t("emergency_confirm")}
        .action=${() => emergencyStop(hass, farm)}
      ></vfarm-confirm-button>`;

export const problemText = (t, key) => t.or(`problem_${key}`, words(key));

/** Standing problems, the gravest first. */
export const problemList = ({ farm, t }) => {
  if (!farm.problems.length) return nothing;
  const rest = farm.problems.length - SHOWN;
  return html`<section class="card problems" aria-label=${t("problems")}>
    <h2>${t("problems")}</h2>
    <ul>
      ${farm.problems.slice(0, SHOWN).map(
        (problem) => html`<li class="row">
          ${icon(STATUS_ICONS[problem.status], problem.status)}
          <span class="grow">
            ${problemText(t, problem.key)} <span class="muted">${problem.name}</span>
          </span>
        </li>`
      )}
    </ul>
    ${rest > 0 ? html`<p class="muted">${t("more_problems", { n: rest })}</p>` : nothing}
  </section>`;
};

export const alertStyles = css`
  .loops {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(220px, 1fr));
    gap: 8px;
    margin-top: 4px;
  }
  .problems ul {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr));
    gap: 0 24px;
  }
  .problems li {
    padding: 6px 0;
    align-items: flex-start;
  }
  .problems li .muted {
    display: block;
  }
`;
