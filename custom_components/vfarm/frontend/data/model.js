/**
 * The farm as the cards draw it: the flat overview joined by its ids.
 *
 * Pure: takes what `vfarm/overview` answers (kept current by the store) and returns a tree.
 */

const RANK = { critical: 0, warning: 1, ok: 2, idle: 3 };

export const worst = (statuses) =>
  statuses.reduce((a, b) => (RANK[b] < RANK[a] ? b : a), "idle");

/** "Rack A Level 4" is "Level 4" where it stands in its rack. */
const withoutPrefix = (name, prefix) => {
  const rest = name.startsWith(prefix) ? name.slice(prefix.length).replace(/^[\s·:,-]+/, "") : "";
  return rest || name;
};

export const build = (overview) => {
  const { farm } = overview;
  const snapshot = farm.snapshot ?? null;
  const { circuits } = overview;
  const rackNames = new Map(overview.racks.map((rack) => [rack.id, rack.name]));
  const levels = overview.levels.map((level) => ({
    ...level,
    name: withoutPrefix(level.name, rackNames.get(level.rack)),
    watering: circuits.find((circuit) => circuit.id === level.circuit) ?? null,
  }));
  const racks = overview.racks.map((rack) => ({
    ...rack,
    levels: levels.filter((level) => level.rack === rack.id),
  }));
  const zones = overview.zones.map((zone) => ({
    ...zone,
    racks: racks.filter((rack) => rack.zone === zone.id),
    levels: levels.filter((level) => level.zone === zone.id),
  }));
  const watched = [...zones, ...levels, ...overview.reservoirs, ...circuits];
  // Levels of different racks are called alike, so a level is named with its rack.
  const places = new Map(watched.map((node) => [node.id, node.name]));
  for (const level of levels) places.set(level.id, `${rackNames.get(level.rack)} · ${level.name}`);
  const actuators = new Map(
    watched.flatMap((node) =>
      (node.snapshot?.actuators ?? []).map((view) => [view.point, { node: node.id, view }])
    )
  );
  return {
    ...farm,
    snapshot,
    zones,
    racks,
    levels,
    circuits,
    reservoirs: overview.reservoirs,
    batches: snapshot?.batches ?? [],
    problems: problemsOf(farm, snapshot, watched, places),
    status: worst([snapshot?.status ?? "idle", ...watched.map((n) => n.snapshot?.status ?? "idle")]),
    /** Whether whoever looks may do an action; a button for what they may not is not shown. */
    allows: (action) => farm.may?.includes(action) ?? true,
    placeName: (id) => places.get(id) ?? id,
    actuator: (point) => actuators.get(point) ?? null,
  };
};

/** What holds the whole farm has its banner, and is not said again for every node. */
const SAID_ABOVE = new Set([
  "emergency",
  "emergency_stop",
  "disarmed",
  "hold",
  "journal",
  "lost_memory",
  "monitor",
]);

/** Every other standing problem, the gravest first. */
const problemsOf = (farm, snapshot, watched, places) => {
  const found = (snapshot?.problems ?? [])
    .map((key) => ({ key, id: farm.id, name: farm.name, status: snapshot.status }));
  for (const node of watched) {
    for (const key of node.snapshot?.problems ?? []) {
      found.push({
        key,
        id: node.id,
        name: places.get(node.id),
        status: node.snapshot.status,
      });
    }
  }
  return found
    .filter(({ key }) => !SAID_ABOVE.has(key))
    .sort((a, b) => RANK[a.status] - RANK[b.status]);
};
