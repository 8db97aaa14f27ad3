/**
 * The dashboard of a farm: an overview, one view for each zone, its safety, and the
 * recipes.
 *
 * Configuration: `type: custom:vfarm`, and `entry_id` to show one farm of several.
 */

import { loadTexts } from "./ui/texts.js";

/** The sensors of a zone that are worth a curve, by their key. */
const CURVES = [
  ["air_temperature", "air_temperature_target"],
  ["humidity"],
  ["vpd", "vpd_target"],
  ["co2"],
];

const farmsOf = async (hass, entryId) => {
  const only = entryId ? { entry_id: entryId } : {};
  return (await hass.callWS({ type: "vfarm/overview", ...only })).farms;
};

const overviewView = (title, path, entryId) => ({
  title,
  path,
  icon: "mdi:sprout",
  strategy: { type: "custom:vfarm-overview", ...(entryId ? { entry_id: entryId } : {}) },
});

class DashboardStrategy extends HTMLElement {
  static registryDependencies = [];
  static noEditor = true;

  static async generate(config, hass) {
    const t = await loadTexts(hass.language);
    let farms = [];
    try {
      farms = await farmsOf(hass, config.entry_id);
    } catch {
      // No such farm runs: the overview says so, and why.
    }
    if (!farms.length) return { views: [overviewView(t("farm"), "farm", config.entry_id)] };
    const several = farms.length > 1;
    return {
      views: farms.flatMap(({ farm, zones }) => {
        const key = several ? `${farm.entry_id}-` : "";
        return [
          overviewView(several ? farm.name : t("farm"), `${key}farm`, farm.entry_id),
          ...zones.map((zone) => ({
            title: zone.name,
            path: `${key}zone-${zone.id}`,
            strategy: { type: "custom:vfarm-zone", zone: zone.id, entry_id: farm.entry_id },
          })),
          {
            title: t("safety"),
            path: `${key}safety`,
            icon: "mdi:shield-check",
            strategy: { type: "custom:vfarm-safety", entry_id: farm.entry_id },
          },
          {
            title: t("recipes"),
            path: `${key}recipes`,
            icon: "mdi:book-open-variant",
            strategy: { type: "custom:vfarm-recipes", entry_id: farm.entry_id },
          },
        ];
      }),
    };
  }

  static async getCreateSuggestions(hass) {
    const t = await loadTexts(hass.language);
    return { title: t("farm"), icon: "mdi:sprout" };
  }
}

class OverviewStrategy extends HTMLElement {
  static registryDependencies = [];

  static async generate({ entry_id }) {
    return { type: "panel", cards: [{ type: "custom:vfarm-overview-card", entry_id }] };
  }
}

class RecipesStrategy extends HTMLElement {
  static registryDependencies = [];

  static async generate({ entry_id }) {
    return { type: "panel", cards: [{ type: "custom:vfarm-recipes-card", entry_id }] };
  }
}

class SafetyStrategy extends HTMLElement {
  static registryDependencies = [];

  static async generate({ entry_id }) {
    return { type: "panel", cards: [{ type: "custom:vfarm-safety-card", entry_id }] };
  }
}

class ZoneStrategy extends HTMLElement {
  static registryDependencies = [];

  static async generate({ entry_id, zone }, hass) {
    const t = await loadTexts(hass.language);
    const [{ entities }] = await farmsOf(hass, entry_id);
    const known = entities[zone] ?? {};
    const curves = CURVES.map((keys) => keys.map((key) => known[key]).filter(Boolean));
    const wide = { columns: "full" };
    return {
      type: "sections",
      max_columns: 2,
      sections: [
        {
          type: "grid",
          cards: [{ type: "custom:vfarm-zone-card", zone, entry_id, grid_options: wide }],
        },
        {
          type: "grid",
          cards: [
            { type: "heading", heading: t("history"), icon: "mdi:chart-line" },
            ...curves
              .filter((group) => group.length)
              .map((group) => ({
                type: "history-graph",
                hours_to_show: 24,
                entities: group,
                grid_options: wide,
              })),
          ],
        },
      ],
    };
  }
}

customElements.define("ll-strategy-dashboard-vfarm", DashboardStrategy);
customElements.define("ll-strategy-view-vfarm-overview", OverviewStrategy);
customElements.define("ll-strategy-view-vfarm-zone", ZoneStrategy);
customElements.define("ll-strategy-view-vfarm-safety", SafetyStrategy);
customElements.define("ll-strategy-view-vfarm-recipes", RecipesStrategy);
