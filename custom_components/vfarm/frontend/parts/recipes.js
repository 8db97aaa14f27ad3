import { css, html, nothing } from "../vendor/lit.js";
import { icon } from "../ui/icons.js";
import { words } from "../ui/texts.js";
import { cropName, phaseName } from "./levels.js";

/** What people see of a version. */
const short = (version) => version.slice(0, 8);

/** Quantities of a phase: the key of their name, unit and digits. */
const QUANTITIES = {
  air_temperature: ["air_temperature", "°C", 1],
  humidity: ["humidity", "%", 0],
  vpd: ["vpd", "kPa", 2],
  co2: ["co2", "ppm", 0],
  ec: ["ec", "mS/cm", 1],
  ph: ["ph", "", 1],
  water_temperature: ["solution_temperature", "°C", 1],
};

/** Every recipe, to be touched for more. */
export const recipeList = ({ t, f }, { recipes, problems }, open) => html`<section
  class="card stack"
  aria-label=${t("recipes")}
>
  <h2 class="row">${icon("recipe")} ${t("recipes")}</h2>
  ${problems.map(
    (problem) => html`<p class="row">
      ${icon("alert", "warning")}
      <span>${problem.file.split("/").pop()}: ${problem.path} ${problem.text}</span>
    </p>`
  )}
  <ul class="recipes">
    ${recipes.map(
      (known) => html`<li>
        <button class="recipe" data-recipe=${known.id} @click=${() => open(known.id)}>
          <span class="row spread">
            <strong>${known.title}</strong>
            ${known.own ? html`<span class="tag">${t("recipe_own")}</span>` : nothing}
          </span>
          <span class="muted">
            ${[
              cropName(t, known.crop),
              t("recipe_days", { n: f.number(known.total_days) }),
              t("recipe_version", { version: short(known.version) }),
            ].join(" · ")}
          </span>
        </button>
      </li>`
    )}
  </ul>
</section>`;

/** One recipe: its versions, what a check found on this farm, its phases and their sources. */
export const recipe = (ui, { recipe: values, versions, check }, open) => {
  const { t, f } = ui;
  return html`<h2>${values.title}</h2>
    <p class="muted">
      ${[
        cropName(t, values.crop),
        t("recipe_days", { n: f.number(values.phases.reduce((sum, p) => sum + p.days, 0)) }),
        t("recipe_version", { version: short(values.version) }),
      ].join(" · ")}
    </p>
    ${values.summary ? html`<p>${values.summary}</p>` : nothing} ${findings(ui, check)}
    ${values.phases.map((phase, index) => phaseOf(ui, phase, index))}
    ${versions.length > 1 ? versionList(ui, versions, values, open) : nothing}
    <details>
      <summary>${t("recipe_sources")}</summary>
      <ul class="sources">
        ${Object.entries(values.sources).map(
          ([key, text]) => html`<li><strong>${key}</strong> ${text}</li>`
        )}
      </ul>
    </details>`;
};

const findings = ({ t, farm }, { findings: found, problems }) => html`<section
  class="stack"
  data-findings
  aria-label=${t("recipe_check", { farm: farm.name })}
>
  <h3>${t("recipe_check", { farm: farm.name })}</h3>
  ${found.length + problems.length
    ? html`<ul class="findings">
        ${[...problems, ...found].map(
          (one) => html`<li class="row">
            ${icon(
              one.severity === "warning" ? "alert" : "alertOctagon",
              `small ${one.severity === "warning" ? "warning" : "critical"}`
            )}
            <span>
              <span class="muted">${one.path}</span> ${one.text}
              ${one.source ? html`<span class="muted">[${one.source}]</span>` : nothing}
            </span>
          </li>`
        )}
      </ul>`
    : html`<p class="row">${icon("check", "ok")} ${t("recipe_fine")}</p>`}
</section>`;

const phaseOf = (ui, phase, index) => {
  const { t, f } = ui;
  const rows = [
    ...(phase.exit ? [ends(ui, phase.exit)] : []),
    light(ui, phase.light),
    ...Object.entries({ ...phase.climate, ...phase.solution }).map(([key, s]) =>
      setpoint(ui, key, s)
    ),
    ...Object.entries(phase.irrigation).map(([method, plan]) => watering(ui, method, plan)),
  ];
  return html`<details ?open=${index === 0} data-phase=${phase.name}>
    <summary>
      <strong>${phaseName(t, phase.name)}</strong>
      <span class="muted">
        ${t("recipe_days", { n: f.number(phase.days) })}
        ${phase.density_plants_m2
          ? ` · ${t("recipe_density", { n: f.number(phase.density_plants_m2) })}`
          : nothing}
      </span>
    </summary>
    <dl>
      ${rows.map(
        ([name, value, origin]) => html`<div>
          <dt>${name}</dt>
          <dd>
            ${value}
            <span class="muted">
              ${origin.source} (${origin.confidence})${origin.note ? `, ${origin.note}` : ""}
            </span>
          </dd>
        </div>`
      )}
    </dl>
  </details>`;
};

/** What a phase waits for in place of its days. */
const ends = ({ t, f }, exit) => [
  t("recipe_ends"),
  t("recipe_ends_when", {
    what: t(`recipe_ripe_${exit.ripe}`, { n: f.number(exit.needed, exit.needed < 20 ? 1 : 0) }),
    least: f.number(exit.min_days),
    most: f.number(exit.max_days),
  }),
  exit.provenance,
];

const light = ({ t, f }, plan) => [
  t("light_row"),
  plan.ppfd > 0
    ? t("recipe_light", {
        ppfd: f.number(plan.ppfd),
        hours: f.number(plan.photoperiod_h, plan.photoperiod_h % 1 ? 1 : 0),
        dli: f.number(plan.dli, 1),
      })
    : t("recipe_dark"),
  plan.provenance,
];

const setpoint = ({ t, f }, key, s) => {
  const [name, unit, digits] = QUANTITIES[key];
  const shown = (value) => `${f.number(value, digits)} ${unit}`.trim();
  const { day, night } = s;
  const targets =
    day === night && day !== null
      ? shown(day)
      : [
          day === null ? null : t("recipe_by_day", { value: shown(day) }),
          night === null ? null : t("recipe_by_night", { value: shown(night) }),
        ]
          .filter(Boolean)
          .join(", ");
  const { low, high } = s.critical_day;
  const limits =
    low === null && high === null
      ? ""
      : t("recipe_limits", {
          low: low === null ? "…" : shown(low),
          high: high === null ? "…" : shown(high),
        });
  return [t(name), [targets, limits].filter(Boolean).join("; "), s.provenance];
};

const watering = ({ t, f }, method, plan) => {
  const name = t.or(`method_${method}`, words(method));
  if (plan.duration_s >= 86_400) return [name, t("recipe_always"), plan.provenance];
  if (plan.cycle) {
    const cycle = { on: f.seconds(plan.cycle.on_s), off: f.seconds(plan.cycle.off_s) };
    return [name, t("recipe_cycle", cycle), plan.provenance];
  }
  const events = {
    n: f.number(plan.events_per_day),
    night: f.number(plan.night_events),
    duration: f.seconds(plan.duration_s),
  };
  return [name, t("recipe_events", events), plan.provenance];
};

const versionList = ({ t }, versions, shown, open) => html`<details>
  <summary>${t("recipe_versions", { n: versions.length })}</summary>
  <ul class="recipes">
    ${versions.map(
      (known) => html`<li>
        <button
          class="recipe"
          data-version=${short(known.version)}
          ?disabled=${known.version === shown.version}
          @click=${() => open(`${shown.id}@${known.version}`)}
        >
          <span class="row spread">
            <strong>${short(known.version)}</strong>
            <span class="row">
              ${known.current ? html`<span class="tag">${t("recipe_current")}</span>` : nothing}
              ${known.batches.length
                ? html`<span class="tag"
                    >${t.count("recipe_batches", known.batches.length, {
                      n: known.batches.length,
                    })}</span
                  >`
                : nothing}
            </span>
          </span>
          ${known.changelog.map((text) => html`<span class="muted">${text}</span>`)}
        </button>
      </li>`
    )}
  </ul>
</details>`;

export const recipeStyles = css`
  .recipes {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr));
    gap: 0 24px;
  }
  .recipe {
    display: grid;
    gap: 2px;
    width: 100%;
    min-height: 56px;
    padding: 8px 0;
    border-bottom: 1px solid var(--vf-line);
  }
  .recipe strong,
  summary strong {
    font-weight: 500;
  }
  .findings {
    display: grid;
    gap: 6px;
  }
  .findings .row {
    align-items: flex-start;
  }
  summary {
    min-height: 48px;
    padding: 12px 0;
    border-top: 1px solid var(--vf-line);
    cursor: pointer;
  }
  dl {
    display: grid;
    gap: 8px;
    margin: 0 0 12px;
  }
  dl > div {
    display: grid;
    grid-template-columns: minmax(90px, 1fr) 3fr;
    gap: 8px;
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
  }
  dd .muted,
  .recipe .muted {
    display: block;
  }
  .sources {
    display: grid;
    gap: 8px;
    overflow-wrap: anywhere;
  }
`;
