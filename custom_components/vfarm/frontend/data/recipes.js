/** What the cards ask about recipes; sentences come in the reader's language. */

const ask = (hass, kind, data = {}) =>
  hass.callWS({ type: `vfarm/recipes/${kind}`, language: hass.language, ...data });

export const listRecipes = (hass) => ask(hass, "list");

export const getRecipe = (hass, recipe) => ask(hass, "get", { recipe });

export const checkRecipe = (hass, farm, recipe) =>
  ask(hass, "check", { recipe, entry_id: farm.entry_id });
