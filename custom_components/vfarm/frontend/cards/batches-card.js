import { html } from "../vendor/lit.js";
import { batchList, batchStyles } from "../parts/batches.js";
import { levelStyles } from "../parts/levels.js";
import { rolloutList, rolloutStyles } from "../parts/rollouts.js";
import { shared } from "../ui/styles.js";
import { FarmCard } from "./base.js";

/** What grows and when it is harvested, and which new versions come to it. */
class BatchesCard extends FarmCard {
  static styles = [shared, levelStyles, batchStyles, rolloutStyles];

  renderFarm(ui) {
    return html`${batchList(ui)} ${rolloutList(ui)}`;
  }
}

customElements.define("vfarm-batches-card", BatchesCard);
