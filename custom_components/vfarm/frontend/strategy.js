/**
 * The dashboard of a farm: an overview and one view for each zone.
 *
 * Configuration: `type: custom:vfarm`, and `entry_id` when there are several farms.
 */

import { loadTexts } from "./ui/texts.js";

/** The sensors of a zone that are worth a curve, by their key. */
const CURVES = [["air_temperature", "air_temperature_target"], ["humidity"], ["vpd", "vpd_target"], ["co2"]];

const overviewOf = (hass, entryId) =>
  hass.callWS({ type: "vfarm/overview", ...(entryId ? { entry_id: entryId } : {}) });

const farmOf = (config) => (config.entry_id ? { entry_id: config.entry_id } : {});

class DashboardStrategy extends HTMLElement {
  static registryDependencies = [];
  static noEditor = true;

  static async generate(config, hass) {
    const t = await loadTexts(hass.language);
    const views = [
      {
        title: t("farm"),
        path: "farm",
        icon: "mdi:sprout",
        strategy: { type: "custom:vfarm-overview", ...farmOf(config) },
      },
    ];
    try {
      const { zones } = await overviewOf(hass, config.entry_id);
      for (const zone of zones) {
        views.push({
          title: zone.name,
          path: `zone-${zone.id}`,
          strategy: { type: "custom:vfarm-zone", zone: zone.id, ...farmOf(config) },
        });
      }
    } catch {
      // No farm runs: the overview says so, and why.
    }
    return { views };
  }

  static async getCreateSuggestions(hass) {
    const t = await loadTexts(hass.language);
    return { title: t("farm"), icon: "mdi:sprout" };
  }
}

class OverviewStrategy extends HTMLElement {
  static registryDependencies = [];

  static async generate(config) {
    return { type: "panel", cards: [{ type: "custom:vfarm-overview-card", ...farmOf(config) }] };
  }
}

class ZoneStrategy extends HTMLElement {
  static registryDependencies = ["entities"];

  static async generate(config, hass) {
    const t = await loadTexts(hass.language);
    const { zones } = await overviewOf(hass, config.entry_id);
    const zone = zones.find((other) => other.id === config.zone);
    const details = { type: "custom:vfarm-zone-card", zone: config.zone, ...farmOf(config) };
    const curves = zone ? curvesOf(hass, zone.device_id) : [];
    return {
      type: "sections",
      max_columns: 2,
      sections: [
        { type: "grid", cards: [{ ...details, grid_options: { columns: "full" } }] },
        {
          type: "grid",
          cards: [
            { type: "heading", heading: t("history"), icon: "mdi:chart-line" },
            ...curves.map((entities) => ({
              type: "history-graph",
              hours_to_show: 24,
              entities,
              grid_options: { columns: "full" },
            })),
          ],
        },
      ],
    };
  }
}

/** The entities of a device behind each group of curves, found in the registry. */
const curvesOf = (hass, deviceId) => {
  const entities = Object.values(hass.entities).filter(
    (entity) => entity.device_id === deviceId && entity.platform === "vfarm"
  );
  return CURVES.map((keys) =>
    keys
      .map((key) => entities.find((entity) => entity.translation_key === key)?.entity_id)
      .filter(Boolean)
      .map((entity) => ({ entity }))
  ).filter((group) => group.length);
};

customElements.define("ll-strategy-dashboard-vfarm", DashboardStrategy);
customElements.define("ll-strategy-view-vfarm-overview", OverviewStrategy);
customElements.define("ll-strategy-view-vfarm-zone", ZoneStrategy);
