import { html } from "../vendor/lit.js";
import { getSafety } from "../data/safety.js";
import { safetyPage, safetyStyles } from "../parts/safety.js";
import { icon } from "../ui/icons.js";
import { shared } from "../ui/styles.js";
import { FarmCard } from "./base.js";

/** A drill is followed closely; else what changes is what people do. */
const DRILL_MS = 2_000;
const CALM_MS = 30_000;

/** What every loss does to every actuator, what is missing, what was seen, and the drills. */
class SafetyCard extends FarmCard {
  static properties = {
    ...FarmCard.properties,
    _page: { state: true },
    _error: { state: true },
  };

  static styles = [shared, safetyStyles];

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this._timer);
    this._timer = null;
  }

  updated() {
    const ready = this.hass && this._t && this._store?.farm && this.isConnected;
    if (ready && !this._timer) this._look();
  }

  renderFarm(ui) {
    const { t } = ui;
    if (this._error && !this._page) {
      return html`<section class="card row" role="alert">
        ${icon("alert", "warning")} <span>${t("action_failed", { error: this._error })}</span>
      </section>`;
    }
    if (!this._page) return html`<section class="card row" role="status">${t("loading")}</section>`;
    return safetyPage(ui, this._page, () => this._look());
  }

  async _look() {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._look(), CALM_MS);
    try {
      this._page = await getSafety(this.hass, this._store.farm);
      this._error = null;
    } catch (error) {
      this._error = error?.message ?? String(error);
    }
    clearTimeout(this._timer);
    if (!this.isConnected) return;
    this._timer = setTimeout(() => this._look(), this._page?.drill ? DRILL_MS : CALM_MS);
  }
}

customElements.define("vfarm-safety-card", SafetyCard);
