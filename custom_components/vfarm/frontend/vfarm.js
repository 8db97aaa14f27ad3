/**
 * What Home Assistant loads on every page: registers the dashboard and the cards.
 *
 * The strategies are here at once, the cards follow without holding up the page.
 */

import "./strategy.js";
import { loadTexts } from "./ui/texts.js";

const CARDS = [
  ["vfarm-overview-card", "vfarm: farm overview", () => import("./cards/overview-card.js")],
  ["vfarm-zone-card", "vfarm: one zone", () => import("./cards/zone-card.js")],
  ["vfarm-batches-card", "vfarm: batches", () => import("./cards/batches-card.js")],
  ["vfarm-safety-card", "vfarm: safety", () => import("./cards/safety-card.js")],
  ["vfarm-recipes-card", "vfarm: recipes", () => import("./cards/recipes-card.js")],
];

const DOCUMENTATION = "https://github.com/vfarm-dev/vfarm";

window.customCards = window.customCards ?? [];
for (const [type, name, load] of CARDS) {
  window.customCards.push({ type, name, documentationURL: DOCUMENTATION });
  load();
}

const language = document.querySelector("home-assistant")?.hass?.language ?? navigator.language;
loadTexts(language).then((t) => {
  window.customStrategies = window.customStrategies ?? [];
  window.customStrategies.push({
    type: "vfarm",
    strategyType: "dashboard",
    name: t("strategy_name"),
    description: t("strategy_description"),
    documentationURL: DOCUMENTATION,
  });
});
