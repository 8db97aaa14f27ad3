import { batchList, batchStyles } from "../parts/batches.js";
import { levelStyles } from "../parts/levels.js";
import { shared } from "../ui/styles.js";
import { FarmCard } from "./base.js";

/** What grows and when it is harvested. */
class BatchesCard extends FarmCard {
  static styles = [shared, levelStyles, batchStyles];

  renderFarm(ui) {
    return batchList(ui);
  }
}

customElements.define("vfarm-batches-card", BatchesCard);
