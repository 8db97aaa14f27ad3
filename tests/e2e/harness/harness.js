/**
 * One card against a farm that is made up, without Home Assistant.
 *
 * The address says what is shown: ?card=overview&language=de&theme=dark&troubled&emergency&viewer&zone=zone_a
 */

import "/custom_components/vfarm/frontend/cards/overview-card.js";
import "/custom_components/vfarm/frontend/cards/zone-card.js";
import "/custom_components/vfarm/frontend/cards/batches-card.js";
import "/custom_components/vfarm/frontend/cards/recipes-card.js";
import "/custom_components/vfarm/frontend/cards/safety-card.js";
import { farm } from "./farm.js";

const asked = new URLSearchParams(location.search);
const listeners = new Set();

/** What the tests look at and play with. */
window.harness = {
  calls: [],
  connection: null,
  subscriptions: 0,
  refuse: null,
  answers: window.answers ?? {},
  asked: [],
  send: (event) => listeners.forEach((listener) => listener(event)),
};

const connection = Object.assign(new EventTarget(), {
  connected: true,
  subscribeMessage: async (listener) => {
    if (asked.has("absent")) throw new Error("No such farm is running");
    window.harness.subscriptions += 1;
    listeners.add(listener);
    const options = { troubled: asked.has("troubled"), emergency: asked.has("emergency") };
    const shown = farm(options);
    if (asked.has("viewer")) shown.farm.may = ["emergency_stop", "explain"];
    listener({ type: "overview", ...shown });
    return async () => listeners.delete(listener);
  },
});

window.harness.connection = connection;
document.body.classList.toggle("dark", asked.get("theme") === "dark");
const language = asked.get("language") ?? "en";
const card = document.createElement(`vfarm-${asked.get("card") ?? "overview"}-card`);
card.setConfig({ zone: asked.get("zone") ?? "zone_a" });
card.hass = {
  language,
  locale: { language, time_format: "24" },
  connection,
  callWS: async (message) => {
    window.harness.asked.push(message);
    const answer = window.harness.answers[message.type];
    if (answer === undefined) throw new Error(`${message.type} is not known`);
    return answer;
  },
  callService: async (...call) => {
    window.harness.calls.push(call);
    if (window.harness.refuse) throw new Error(window.harness.refuse);
  },
};
document.body.append(card);
