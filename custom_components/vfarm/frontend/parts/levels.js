import { css, html, nothing } from "../vendor/lit.js";
import { STATUS_ICONS, icon } from "../ui/icons.js";
import { words } from "../ui/texts.js";
import { problemText } from "./alerts.js";

export const cropName = (t, crop) => t.or(`crop_${crop}`, words(crop));
export const phaseName = (t, phase) => t.or(`phase_${phase}`, words(phase));

const share = (value, target) =>
  target > 0 ? Math.round(Math.min(1, Math.max(0, value / target)) * 100) : 0;

/** A bar with a value; the text beside it says the same. */
export const bar = (kind, value, target, label) => html`<div
  class="bar ${kind}"
  role="progressbar"
  aria-label=${label}
  aria-valuemin="0"
  aria-valuemax="100"
  aria-valuenow=${share(value, target)}
>
  <span style="width:${share(value, target)}%"></span>
</div>`;

/** "Light until 22:00" or "Dark until 06:00". */
export const lightText = ({ t, f, now }, s) => {
  if (s.day) {
    return s.lights_off_at === null
      ? t("light_on")
      : t("light_on_until", { time: f.instant(s.lights_off_at, now) });
  }
  return s.lights_on_at !== null && s.lights_on_at > now
    ? t("light_off_until", { time: f.instant(s.lights_on_at, now) })
    : t("light_off");
};

export const dliText = ({ t, f }, s) =>
  t("dli_of", { value: f.number(s.dli ?? 0, 1), target: f.number(s.dli_target, 1) });

/** One level of a rack, to be touched for more. */
const tile = (ui, level) => {
  const { t, f } = ui;
  const s = level.snapshot;
  const status = s?.status ?? "idle";
  const lit = s?.day && s.crop;
  return html`<button
    class="level ${status} ${lit ? "lit" : ""} ${s?.crop ? "" : "vacant"}"
    data-level=${level.id}
    aria-label=${t("level_details", { name: level.name })}
    @click=${() => ui.open(level.id)}
  >
    <span class="row spread">
      <span class="place clip">${level.name}</span>
      ${s?.crop
        ? html`<span class="row light">
            ${icon(s.day ? "day" : "night", `small ${s.day ? "lamp" : "idle"}`)}
            <span class="clip">${lightText(ui, s)}</span>
          </span>`
        : nothing}
    </span>
    <span class="crop clip">${s?.crop ? cropName(t, s.crop) : t("empty")}</span>
    ${s?.crop
      ? html`<span class="muted clip"
            >${t("phase_day", {
              phase: phaseName(t, s.phase),
              day: f.number(Math.floor(s.day_of_phase) + 1),
            })}</span
          >
          ${s.dli_target
            ? html`${bar("light", s.dli ?? 0, s.dli_target, t("dli"))}
                <span class="clip dli">${t("dli_short")} ${dliText(ui, s)}</span>`
            : nothing}`
      : nothing}
    ${(s?.problems ?? []).slice(0, 2).map(
      (key) => html`<span class="row problem">
        ${icon(STATUS_ICONS[status], `small ${status}`)} ${problemText(t, key)}
      </span>`
    )}
  </button>`;
};

/** A rack as a shelf: the first level is the lowest, so it stands at the bottom. */
export const rack = (ui, { name, levels }) => html`<section class="rack" aria-label=${name}>
  <h3 class="clip">${name}</h3>
  ${[...levels].reverse().map((level) => tile(ui, level))}
</section>`;

export const levelStyles = css`
  .racks {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 250px), 1fr));
    gap: 12px;
  }
  .rack {
    display: grid;
    align-content: start;
    gap: 6px;
    grid-template-columns: minmax(0, 1fr);
  }
  .rack h3 {
    color: var(--vf-muted);
  }
  .level {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 3px;
    width: 100%;
    min-height: 64px;
    padding: 8px 10px 10px;
    border-radius: 10px;
    background: var(--vf-inset);
    border-inline-start: 6px solid var(--vf-idle);
  }
  .level.lit {
    background: color-mix(in srgb, var(--vf-lamp) 16%, var(--vf-surface));
  }
  .level.ok {
    border-color: var(--vf-ok);
  }
  .level.warning {
    border-color: var(--vf-warning);
  }
  .level.critical {
    border-color: var(--vf-critical);
  }
  .level .place {
    color: var(--vf-muted);
    flex: none;
    max-width: 50%;
  }
  .level .light {
    gap: 4px;
    min-width: 0;
    font-size: 13px;
  }
  .level .crop {
    font-size: 16px;
    font-weight: 500;
  }
  .level.vacant .crop {
    font-weight: 400;
    color: var(--vf-muted);
  }
  .level .bar {
    margin-top: 3px;
  }
  .level .dli {
    font-size: 13px;
  }
  .level .problem {
    gap: 4px;
    font-weight: 500;
    align-items: flex-start;
  }
`;
