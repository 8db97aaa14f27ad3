/**
 * The farm over Home Assistant's websocket: `vfarm/overview` once, `vfarm/subscribe` for changes.
 *
 * All cards on a page share one store per connection and farm. Between two updates the farm's clock
 * runs on at the farm's own speed.
 */

import { build } from "./model.js";

const RETRY_MS = 5_000;
const stores = new WeakMap();

export const storeFor = (connection, entryId) => {
  if (!stores.has(connection)) stores.set(connection, new Map());
  const farms = stores.get(connection);
  const key = entryId ?? "";
  if (!farms.has(key)) farms.set(key, new FarmStore(connection, entryId));
  return farms.get(key);
};

const GROUPS = ["zones", "levels", "reservoirs", "pumps", "circuits"];

export class FarmStore {
  constructor(connection, entryId) {
    this._connection = connection;
    this._which = entryId ? { entry_id: entryId } : {};
    this._listeners = new Set();
    this._overview = null;
    this._unsubscribe = null;
    this._retry = null;
    this._generation = 0;
    this.farm = null;
    this.error = null;
    this.connected = true;
    this._onReady = () => this._reload();
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
    const elapsed = (performance.now() - this._nowAt) / 1000;
    return this._now + elapsed * (this._overview.farm.speed ?? 1);
  }

  _open() {
    this._connection.addEventListener("ready", this._onReady);
    this._connection.addEventListener("disconnected", this._onLost);
    this._reload();
  }

  _close() {
    this._generation += 1;
    this._connection.removeEventListener("ready", this._onReady);
    this._connection.removeEventListener("disconnected", this._onLost);
    clearTimeout(this._retry);
    this._drop();
  }

  _drop() {
    this._unsubscribe?.().catch(() => {});
    this._unsubscribe = null;
  }

  async _reload() {
    clearTimeout(this._retry);
    const generation = ++this._generation;
    this._drop();
    try {
      const early = [];
      const receive = (event) => {
        if (generation !== this._generation) return;
        if (this._loading) early.push(event);
        else this._receive(event);
      };
      this._loading = true;
      // Subscribed first, so that nothing is lost between the two. Reconnecting is done here, with a
      // fresh overview.
      const unsubscribe = await this._connection.subscribeMessage(
        receive,
        { type: "vfarm/subscribe", ...this._which },
        { resubscribe: false }
      );
      if (generation !== this._generation) {
        unsubscribe().catch(() => {});
        return;
      }
      this._unsubscribe = unsubscribe;
      const overview = await this._connection.sendMessagePromise({
        type: "vfarm/overview",
        ...this._which,
      });
      if (generation !== this._generation) return;
      this._overview = overview;
      this._setNow(overview.farm.now);
      this._loading = false;
      this._tell({ farm: build(overview), error: null, connected: true });
      early.forEach((event) => this._receive(event));
    } catch (error) {
      if (generation !== this._generation) return;
      this._drop();
      this._tell({ error: error?.message ?? String(error), connected: this._connection.connected });
      this._retry = setTimeout(() => this._reload(), RETRY_MS);
    }
  }

  _receive(event) {
    if (event.type !== "update") {
      // What exists has changed, or the farm was loaded anew.
      this._reload();
      return;
    }
    if (event.now !== undefined) this._setNow(event.now);
    const nodes = event.nodes ?? {};
    const merge = (node) => (node.id in nodes ? { ...node, snapshot: nodes[node.id] } : node);
    const overview = { ...this._overview, farm: merge(this._overview.farm) };
    if (event.speed !== undefined) overview.farm = { ...overview.farm, speed: event.speed };
    for (const group of GROUPS) overview[group] = overview[group].map(merge);
    this._overview = overview;
    this._tell({ farm: build(overview) });
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
