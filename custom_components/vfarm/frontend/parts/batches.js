import { css, html, nothing } from "../vendor/lit.js";
import { icon } from "../ui/icons.js";
import { bar, cropName, phaseName } from "./levels.js";

/** Grams matter for a tray of cress, and not for a room of lettuce. */
const kilos = (f, kg) => f.number(kg, kg < 1 ? 2 : kg < 20 ? 1 : 0);

/** What it will weigh and when it will be ready, each as the limits it probably lies in. */
const forecast = ({ t, f }, batch) => {
  if (!(batch.forecast_high_kg > 0)) return nothing;
  const [low, high] = [batch.ready_low_at, batch.ready_high_at].map(f.date);
  return html`<p class="forecast">
    ${icon("forecast", "small")}
    <span>
      ${t("forecast_kg", {
        low: kilos(f, batch.forecast_low_kg),
        high: kilos(f, batch.forecast_high_kg),
        kg: kilos(f, batch.forecast_kg),
      })}
      · ${low === high ? t("ready_on", { date: low }) : t("ready_between", { low, high })}
      <span class="muted"
        >${t("forecast_from", {
          basis: batch.forecast_basis.map((key) => t.or(`basis_${key}`, key)).join(", "),
        })}</span
      >
    </span>
  </p>`;
};

/** What ends its phase in place of days, and how far that has come. */
const waits = ({ t, f }, batch) => {
  if (!batch.waits_for || batch.waits_got === null) return nothing;
  const digits = batch.waits_needed < 20 ? 1 : 0;
  return html`<p class="muted" data-waits>
    ${t(`waits_${batch.waits_for}`, {
      got: f.number(batch.waits_got, digits),
      needed: f.number(batch.waits_needed, digits),
    })}${batch.waits_modelled ? ` (${t("waits_modelled")})` : ""}
  </p>`;
};

const batchRow = ({ farm, t, f, now }, batch) => {
  const due = batch.expected_harvest_at <= now;
  return html`<li class="batch" data-batch=${batch.id}>
    <div class="row spread wrap">
      <strong>${batch.title || cropName(t, batch.crop)}</strong>
      <span class="row ${due ? "due" : ""}">
        ${icon("harvest", `small ${due ? "warning" : "idle"}`)}
        ${due
          ? t("harvest_due")
          : html`${t("harvest_on", { date: f.date(batch.expected_harvest_at) })}
              <span class="muted">${f.until(batch.expected_harvest_at, now)}</span>`}
      </span>
    </div>
    ${bar("growth", batch.fraction, 1, t("harvest_on", { date: f.date(batch.expected_harvest_at) }))}
    ${waits({ t, f }, batch)} ${forecast({ t, f }, batch)}
    <p class="muted">
      ${[
        batch.title && batch.title !== cropName(t, batch.crop) ? cropName(t, batch.crop) : null,
        t("phase_day", {
          phase: phaseName(t, batch.phase),
          day: f.number(Math.floor(batch.day_of_phase) + 1),
        }),
        t("day_of_batch", { day: f.number(Math.floor(batch.day_of_batch) + 1) }),
        t("plants", { n: f.number(batch.plants) }),
        batch.levels.map(farm.placeName).join(", "),
      ]
        .filter(Boolean)
        .join(" · ")}
    </p>
  </li>`;
};

/** What grows, the next harvest first. */
export const batchList = (ui, batches = ui.farm.batches) => html`<section
  class="card"
  aria-label=${ui.t("batches")}
>
  <h2 class="row">${icon("sprout")} ${ui.t("batches")}</h2>
  ${batches.length
    ? html`<ul class="batches">
        ${[...batches]
          .sort((a, b) => a.expected_harvest_at - b.expected_harvest_at)
          .map((batch) => batchRow(ui, batch))}
      </ul>`
    : html`<p class="muted">${ui.t("no_batches")}</p>`}
</section>`;

export const batchStyles = css`
  .batches {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr));
    gap: 0 24px;
  }
  .batch {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 6px;
    align-content: start;
    padding: 12px 0;
    border-bottom: 1px solid var(--vf-line);
  }
  .batch strong {
    font-weight: 500;
    font-size: 16px;
  }
  .batch .row {
    gap: 4px 8px;
  }
  .forecast {
    display: flex;
    gap: 8px;
  }
  .due {
    font-weight: 500;
  }
`;
