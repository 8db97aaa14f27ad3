import { LitElement, html, nothing } from "../vendor/lit.js";
import { storeFor } from "../data/store.js";
import { formatter } from "../ui/format.js";
import { icon } from "../ui/icons.js";
import { loadTexts } from "../ui/texts.js";
import "../parts/level-sheet.js";

const TICK_MS = 10_000;

/** A card over one farm: connects to the store, loads the texts, draws when something changed. */
export class FarmCard extends LitElement {
  static properties = {
    hass: { attribute: false },
    _config: { state: true },
    _t: { state: true },
    _open: { state: true },
  };

  setConfig(config) {
    this._config = config;
    this._connect();
  }

  getGridOptions() {
    return { columns: "full", min_columns: 6 };
  }

  getCardSize() {
    return 8;
  }

  connectedCallback() {
    super.connectedCallback();
    this._connect();
    this._tick = setInterval(() => this.requestUpdate(), TICK_MS);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this._tick);
    this._unlisten?.();
    this._unlisten = this._store = null;
  }

  /** Home Assistant gives a new `hass` with every state of the house; only ours are drawn. */
  shouldUpdate(changed) {
    if (!changed.has("hass") || changed.size > 1) return true;
    const before = changed.get("hass");
    return (
      !before || before.language !== this.hass.language || before.connection !== this.hass.connection
    );
  }

  willUpdate(changed) {
    if (!changed.has("hass")) return;
    this._connect();
    if (this._language !== this.hass.language) {
      this._language = this.hass.language;
      loadTexts(this._language).then((t) => {
        this._t = t;
        this._formats = null;
      });
    }
  }

  _connect() {
    if (!this.hass || !this._config || !this.isConnected) return;
    const store = storeFor(this.hass.connection, this._config.entry_id);
    if (store === this._store) return;
    this._unlisten?.();
    this._store = store;
    this._unlisten = store.listen(() => this.requestUpdate());
  }

  render() {
    const t = this._t;
    const store = this._store;
    if (!t || !store) return nothing;
    if (!store.farm) {
      return html`<section class="card row" role="status">
        ${icon(store.error ? "alert" : "clock", store.error ? "warning" : "")}
        <span>${store.error ? t("not_loaded", { error: store.error }) : t("loading")}</span>
      </section>`;
    }
    const farm = store.farm;
    if (this._formats?.zone !== farm.time_zone) {
      this._formats = { zone: farm.time_zone, f: formatter(this.hass, farm.time_zone, t) };
    }
    const ui = {
      farm,
      t,
      f: this._formats.f,
      hass: this.hass,
      now: store.now(),
      connected: store.connected && !store.error,
      open: (id) => {
        this._open = id;
      },
    };
    const level = this._open && farm.levels.find((other) => other.id === this._open);
    return html`${this.renderFarm(ui)}
    ${level
      ? html`<vfarm-level-sheet
          .ui=${ui}
          .level=${level}
          @closed=${() => {
            this._open = null;
          }}
        ></vfarm-level-sheet>`
      : nothing}`;
  }
}
