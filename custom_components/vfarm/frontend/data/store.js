/**
 * The farm over Home Assistant's websocket: `vfarm/subscribe` gives the whole farm first, then what
 * changes.
 *
 * All cards on a page share one store per connection and farm. Between two updates the farm's clock
 * runs on at the farm's own speed.
 */

import { build } from "./model.js";

const RETRY_MS = 5_000;
/** A farm that says nothing for so long is asked anew: its subscription may be gone. */
const SILENCE_MS = 60_000;

const stores = new WeakMap();

export const storeFor = (connection, entryId) => {
  if (!stores.has(connection)) stores.set(connection, new Map());
  const farms = stores.get(connection);
  const key = entryId ?? "";
  if (!farms.has(key)) farms.set(key, new FarmStore(connection, entryId));
  return farms.get(key);
};

const GROUPS = ["zones", "levels", "reservoirs", "circuits"];

export class FarmStore {
  constructor(connection, entryId) {
    this._connection = connection;
    this._message = { type: "vfarm/subscribe", ...(entryId ? { entry_id: entryId } : {}) };
    this._listeners = new Set();
    this._overview = null;
    this._unsubscribe = null;
    this._timer = null;
    this._generation = 0;
    this.farm = null;
    this.error = null;
    this.connected = true;
    this._onReady = () => this._subscribe();
    this._onLost = () => this._tell({ connected: false });
  }

  /** Be told of every change; returns how to stop that. */
  listen(listener) {
    this._listeners.add(listener);
    if (this._listeners.size === 1) this._open();
    return () => {
      this._listeners.delete(listener);
      if (this._listeners.size === 0) this._close();
    };
  }

  /** The farm's time now, epoch seconds. */
  now() {
    if (!this._overview) return Date.now() / 1000;
    return this._now + ((performance.now() - this._nowAt) / 1000) * this._overview.farm.speed;
  }

  _open() {
    this._connection.addEventListener("ready", this._onReady);
    this._connection.addEventListener("disconnected", this._onLost);
    this._subscribe();
  }

  _close() {
    this._connection.removeEventListener("ready", this._onReady);
    this._connection.removeEventListener("disconnected", this._onLost);
    clearTimeout(this._timer);
    this._drop();
  }

  /** Whatever still comes of the subscription before is not listened to. */
  _drop() {
    this._generation += 1;
    this._unsubscribe?.().catch(() => {});
    this._unsubscribe = null;
  }

  async _subscribe() {
    this._drop();
    this._again(SILENCE_MS);
    const generation = this._generation;
    try {
      const unsubscribe = await this._connection.subscribeMessage(
        (event) => generation === this._generation && this._receive(event),
        this._message,
        { resubscribe: false }
      );
      if (generation === this._generation) this._unsubscribe = unsubscribe;
      else unsubscribe().catch(() => {});
    } catch (error) {
      if (generation !== this._generation) return;
      this._tell({ error: error?.message ?? String(error) });
      this._again(RETRY_MS);
    }
  }

  _again(delay) {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._subscribe(), delay);
  }

  _receive(event) {
    if (event.type === "overview") {
      this._overview = event;
      this._setNow(event.farm.now);
      this._tell({ farm: build(event), error: null, connected: true });
    } else if (event.type === "update" && this._overview) {
      this._merge(event);
      this._tell({ farm: build(this._overview) });
    } else if (event.type === "closed") {
      this._tell({ connected: false });
      this._again(RETRY_MS);
      return;
    }
    this._again(SILENCE_MS);
  }

  _merge({ nodes, now, speed }) {
    const current = (node) => (node.id in nodes ? { ...node, snapshot: nodes[node.id] } : node);
    const before = this._overview;
    const overview = { ...before, farm: { ...current(before.farm), speed } };
    for (const group of GROUPS) overview[group] = before[group].map(current);
    this._overview = overview;
    this._setNow(now);
  }

  _setNow(now) {
    this._now = now;
    this._nowAt = performance.now();
  }

  _tell(change) {
    Object.assign(this, change);
    for (const listener of this._listeners) listener();
  }
}
