import { css, html, nothing } from "../vendor/lit.js";
import { icon } from "../ui/icons.js";

const TROUBLE = { warning: "alert", critical: "alertOctagon" };

/** How each quantity is written: unit and digits. */
const FORMS = {
  air_temperature: { icon: "temperature", unit: "°C", digits: 1 },
  humidity: { icon: "humidity", unit: "%", digits: 0 },
  vpd: { icon: "vpd", unit: "kPa", digits: 2 },
  co2: { icon: "co2", unit: "ppm", digits: 0 },
  ec: { icon: "vpd", unit: "mS/cm", digits: 2 },
  ph: { icon: "water", unit: "", digits: 2 },
  solution_temperature: { icon: "temperature", unit: "°C", digits: 1 },
  dissolved_oxygen: { icon: "water", unit: "mg/L", digits: 1 },
  volume: { icon: "reservoir", unit: "L", digits: 0 },
};

const withUnit = (text, unit) => (unit ? `${text} ${unit}` : text);

/**
 * One measured quantity: value with unit, target, and in words what is wrong with it. A reading that
 * cannot be trusted never looks like one that can.
 */
export const reading = ({ t, f }, quantity, measured) => {
  if (!measured || (measured.quality === "missing" && measured.target === null)) return nothing;
  const { icon: name, unit, digits } = FORMS[quantity];
  const good = measured.quality === "good";
  const off = good && TROUBLE[measured.status];
  const value =
    measured.value === null ? "–" : withUnit(f.number(measured.value, digits), unit);
  const target =
    measured.target === null
      ? null
      : t("target", { value: withUnit(f.number(measured.target, digits), unit) });
  return html`<div class="reading ${good ? "" : "doubtful"} ${off ? measured.status : ""}">
    <span class="name row">${icon(name, "small")} ${t(quantity)}</span>
    <span class="value">${value}</span>
    ${good
      ? nothing
      : html`<span class="row note"
          >${icon(measured.quality === "stale" ? "stale" : "missing", "small warning")}
          ${t(`quality_${measured.quality}`)}</span
        >`}
    ${off
      ? html`<span class="row note"
          >${icon(off, `small ${measured.status}`)}
          ${t(measured.status === "critical" ? "reading_low" : "reading_warning")}</span
        >`
      : nothing}
    ${target ? html`<span class="muted">${target}</span>` : nothing}
    ${measured.overridden
      ? html`<span class="row note">${icon("hand", "small")} ${t("overridden")}</span>`
      : nothing}
  </div>`;
};

export const readingStyles = css`
  .readings {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(124px, 1fr));
    gap: 8px;
  }
  .reading {
    display: grid;
    align-content: start;
    gap: 2px;
    padding: 8px 10px;
    border-radius: 10px;
    background: var(--vf-inset);
    border-inline-start: 4px solid transparent;
  }
  .reading.warning {
    border-color: var(--vf-warning);
  }
  .reading.critical {
    border-color: var(--vf-critical);
  }
  .reading .name {
    color: var(--vf-muted);
    gap: 4px;
  }
  .reading .value {
    font-size: 20px;
    font-weight: 500;
    white-space: nowrap;
  }
  .reading .note {
    gap: 4px;
    font-weight: 500;
  }
  .reading .muted {
    font-size: 13px;
  }
  .doubtful .value {
    color: var(--vf-muted);
    font-weight: 400;
    font-style: italic;
  }
`;
