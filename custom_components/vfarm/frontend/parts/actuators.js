import { css, html, nothing } from "../vendor/lit.js";
import { clearLatch, giveBack } from "../data/actions.js";
import { ROLE_ICONS, icon } from "../ui/icons.js";
import "./confirm-button.js";
import { offered } from "./offered.js";

const value = ({ t, f }, role, number) => {
  if (number === null || number === undefined) return t("state_unknown");
  if (role.startsWith("grow_light") && number > 0 && number < 1)
    return t("percent", { n: f.number(number * 100) });
  return t(number > 0 ? "on" : "off");
};

/** The reason in the reader's language; the sentence of the core where its numbers are not given. */
export const reasonText = (t, view) => {
  if (!view.code) return "";
  if (!view.params) return view.reason;
  const { quantity } = view.params;
  const named = quantity ? { quantity: t.or(`quantity_${quantity}`, quantity) } : {};
  const text = t.or(`reason_${view.code}`, view.reason, { ...view.params, ...named });
  return text.charAt(0).toUpperCase() + text.slice(1);
};

/** What would change it, in the reader's language. */
const changeText = (t, view) =>
  view.code && view.change ? t.or(`change_${view.change}`, "", view.params ?? {}) : "";

const clear = ({ t, hass, farm }, view) => html`<vfarm-confirm-button
  .t=${t}
  icon="check"
  .label=${t("clear_latch")}
  .question=${t("clear_latch_question", { name: t.or(`role_${view.role}`, view.role) })}
  .text=${t("clear_latch_text")}
  .confirm=${t("clear_latch_confirm")}
  .action=${() => clearLatch(hass, farm, view.point)}
></vfarm-confirm-button>`;

const back = ({ t, hass, farm }, view) => html`<vfarm-confirm-button
  .t=${t}
  icon="check"
  .label=${t("give_back")}
  .question=${t("give_back_question", { name: t.or(`role_${view.role}`, view.role) })}
  .text=${t("give_back_text")}
  .confirm=${t("give_back_confirm")}
  .action=${() => giveBack(hass, farm, view.point)}
></vfarm-confirm-button>`;

/** Every device of a node: what it does, what is wanted of it, whether that is proved, and why. */
export const actuators = (ui, views) => {
  const { t } = ui;
  if (!views?.length) return nothing;
  return html`<ul class="actuators">
    ${views.map((view) => {
      const differs =
        view.wanted !== null && view.reported !== null && Math.abs(view.wanted - view.reported) > 0.02;
      const doubt = ["pending", "unproved", "failed"].includes(view.proof);
      return html`<li>
        ${icon(ROLE_ICONS[view.role])}
        <span class="grow">
          <span class="row wrap">
            <strong>${t.or(`role_${view.role}`, view.role)}</strong>
            <span class="tag ${view.reported > 0 ? "on" : ""}"
              >${value(ui, view.role, view.reported)}</span
            >
            ${differs
              ? html`<span>${t("wanted", { value: value(ui, view.role, view.wanted) })}</span>`
              : nothing}
            ${doubt
              ? html`<span class="row"
                  >${icon(view.proof === "pending" ? "clock" : "alert", "small warning")}
                  ${t(`proof_${view.proof}`)}</span
                >`
              : nothing}
          </span>
          ${view.latched
            ? html`<span class="row">${icon("lock", "small critical")} ${t("latched")}</span>`
            : nothing}
          ${view.latched ? offered(ui.farm, "clear_latch", clear(ui, view)) : nothing}
          ${view.code === "takeover" ? offered(ui.farm, "give_back", back(ui, view)) : nothing}
          <span class="muted">${reasonText(t, view)} ${changeText(t, view)}</span>
        </span>
      </li>`;
    })}
  </ul>`;
};

export const actuatorStyles = css`
  .actuators li {
    display: flex;
    gap: 10px;
    padding: 8px 0;
    border-top: 1px solid var(--vf-line);
  }
  .actuators li:first-child {
    border-top: 0;
  }
  .actuators .grow {
    display: grid;
    gap: 2px;
  }
  .actuators strong {
    font-weight: 500;
  }
  .tag.on {
    background: color-mix(in srgb, var(--vf-ok) 22%, var(--vf-surface));
  }
`;
