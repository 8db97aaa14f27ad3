import { html, nothing } from "../vendor/lit.js";
import { icon } from "../ui/icons.js";
import { words } from "../ui/texts.js";
import { reasonText } from "./actuators.js";

/** Every sensor of a node that is not good: which one, what is wrong with it, and since when. */
export const sensors = (ui, views) => {
  const { t } = ui;
  if (!views?.length) return nothing;
  return html`<ul class="sensors">
    ${views.map(
      (view) => html`<li class="row" data-sensor=${view.point}>
        ${icon(view.quality === "stale" ? "stale" : "missing", "small warning")}
        <span>
          <strong>${t.or(`role_${view.role}`, words(view.role))}</strong>
          <span class="muted">${reasonText(t, view)}</span>
        </span>
      </li>`
    )}
  </ul>`;
};
