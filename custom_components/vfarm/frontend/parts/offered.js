import { nothing } from "../vendor/lit.js";

/** What leads to an action, for those who may do it. The server has the last word. */
export const offered = (farm, action, shown) => (farm.allows(action) ? shown : nothing);
