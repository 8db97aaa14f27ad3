import { LitElement, css, html, nothing } from "../vendor/lit.js";
import { icon } from "../ui/icons.js";
import { shared } from "../ui/styles.js";

const CHANGE_OF_MIND_MS = 15_000;

/**
 * A button for what should not happen by accident: the first touch asks, a second one elsewhere
 * confirms. The question goes away by itself.
 */
class ConfirmButton extends LitElement {
  static properties = {
    t: { attribute: false },
    icon: {},
    label: {},
    question: {},
    text: {},
    confirm: {},
    danger: { type: Boolean },
    action: { attribute: false },
    _asking: { state: true },
    _busy: { state: true },
    _error: { state: true },
  };

  static styles = [
    shared,
    css`
      .first {
        width: 100%;
      }
      .ask {
        display: grid;
        gap: 8px;
        padding: 12px;
        border: 2px solid var(--vf-line);
        border-radius: 12px;
        background: var(--vf-surface);
      }
      .ask.danger {
        border-color: var(--vf-critical);
      }
      .ask strong {
        font-size: 16px;
        font-weight: 500;
      }
      .answers {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 12px;
        margin-top: 4px;
      }
      .error {
        margin-top: 6px;
      }
    `,
  ];

  disconnectedCallback() {
    super.disconnectedCallback();
    this._cancel();
  }

  render() {
    return html`${this._asking ? this._question() : this._first()}
    ${this._error
      ? html`<p class="row error" role="alert">
          ${icon("alertOctagon", "critical")}
          <span class="grow">${this.t("action_failed", { error: this._error })}</span>
        </p>`
      : nothing}`;
  }

  _first() {
    return html`<button
      class="button first ${this.danger ? "danger" : ""}"
      ?disabled=${this._busy}
      @click=${this._ask}
    >
      ${icon(this.icon)} <span>${this.label}</span>
    </button>`;
  }

  _question() {
    return html`<div class="ask ${this.danger ? "danger" : ""}" role="alertdialog">
      <strong>${this.question}</strong>
      ${this.text ? html`<span>${this.text}</span>` : nothing}
      <div class="answers">
        <button class="button" @click=${this._cancel}>${this.t("cancel")}</button>
        <button class="button ${this.danger ? "filled" : "primary"}" @click=${this._confirm}>
          ${this.confirm}
        </button>
      </div>
    </div>`;
  }

  _ask() {
    this._error = null;
    this._asking = true;
    this._timer = setTimeout(() => this._cancel(), CHANGE_OF_MIND_MS);
  }

  _cancel() {
    clearTimeout(this._timer);
    this._asking = false;
  }

  async _confirm() {
    this._cancel();
    this._busy = true;
    try {
      await this.action();
    } catch (error) {
      this._error = error?.message ?? String(error);
    } finally {
      this._busy = false;
    }
  }
}

customElements.define("vfarm-confirm-button", ConfirmButton);
