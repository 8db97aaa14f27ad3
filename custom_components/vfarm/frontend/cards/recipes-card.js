import { html } from "../vendor/lit.js";
import { checkRecipe, getRecipe, listRecipes } from "../data/recipes.js";
import { recipe, recipeList, recipeStyles } from "../parts/recipes.js";
import { icon } from "../ui/icons.js";
import { shared } from "../ui/styles.js";
import { FarmCard } from "./base.js";

/** The recipes there are; one of them with its versions, phases, and what this farm can give. */
class RecipesCard extends FarmCard {
  static properties = {
    ...FarmCard.properties,
    _listed: { state: true },
    _name: { state: true },
    _shown: { state: true },
    _error: { state: true },
  };

  static styles = [shared, recipeStyles];

  updated() {
    if (this.hass && this._t && this._store?.farm && !this._listed && !this._error) this._list();
  }

  renderFarm(ui) {
    const { t } = ui;
    if (this._error) {
      return html`<section class="card row" role="alert">
        ${icon("alert", "warning")} <span>${t("action_failed", { error: this._error })}</span>
        <button class="button" @click=${() => this._again()}>${t("recipe_again")}</button>
      </section>`;
    }
    if (!this._listed) return html`<section class="card row" role="status">${t("loading")}</section>`;
    if (!this._name) return recipeList(ui, this._listed, (name) => this._show(ui, name));
    return html`<section class="card stack">
      <button class="button" @click=${() => this._close()}>
        ${icon("close")} ${t("recipe_all")}
      </button>
      ${this._shown
        ? recipe(ui, this._shown, (name) => this._show(ui, name))
        : html`<p role="status">${t("loading")}</p>`}
    </section>`;
  }

  async _list() {
    this._listed = undefined;
    await this._ask(async () => {
      this._listed = await listRecipes(this.hass);
    });
  }

  /** What a slower answer brings after another recipe was touched is not shown. */
  async _show({ farm }, name) {
    this._name = name;
    this._shown = undefined;
    await this._ask(async () => {
      const [got, check] = await Promise.all([
        getRecipe(this.hass, name),
        checkRecipe(this.hass, farm, name),
      ]);
      if (this._name === name) this._shown = { ...got, check };
    });
  }

  async _ask(asked) {
    try {
      await asked();
      this._error = null;
    } catch (error) {
      this._error = error?.message ?? String(error);
    }
  }

  _close() {
    this._name = this._shown = null;
  }

  _again() {
    this._error = null;
    this._close();
    this._listed = undefined;
  }
}

customElements.define("vfarm-recipes-card", RecipesCard);
