/** A farm that shows every state a card can show, most of which a healthy demo never has. */

const HOUR = 3600;
const DAY = 24 * HOUR;
export const NOW = Date.UTC(2026, 10, 24, 13, 30) / 1000;

const measured = (value, target = null, status = "ok", quality = "good", overridden = false) => ({
  value,
  quality,
  target,
  status,
  overridden,
});

const device = (point, role, reported, wanted, code, reason, extra = {}) => ({
  point,
  role,
  reported,
  wanted,
  proof: "proved",
  latched: false,
  code,
  reason,
  params: null,
  ...extra,
});

const CROPS = [
  ["lettuce", "raft_2", 4.2, 0.86],
  ["lettuce", "raft_1", 7.6, 0.51],
  ["basil", "vegetative", 2.1, 0.4],
  ["pak_choi", "propagation", 9.3, 0.22],
  ["radish", "germination", 1.4, 0.18],
  ["strawberry", "flowering", 12.0, 0.6],
];

const level = (rack, zone, number, kind, changes = {}) => {
  const [crop, phase, day, fraction] = CROPS[kind % CROPS.length];
  const lit = number !== 4;
  return {
    id: `${rack}_${number}`,
    name: `Level ${number}`,
    rack,
    zone,
    area_m2: 1.08,
    sites: 36,
    circuit: `circuit_${rack}`,
    device_id: `device_${rack}_${number}`,
    snapshot: {
      batch: `batch_${kind}`,
      batch_title: "",
      crop,
      phase,
      day_of_phase: day,
      fraction,
      expected_harvest_at: NOW + 9 * DAY,
      day: lit,
      lights_on_at: lit ? NOW - 7 * HOUR : NOW + 5 * HOUR,
      lights_off_at: lit ? NOW + 9 * HOUR : NOW + 21 * HOUR,
      ppfd: lit ? 246 : 0,
      ppfd_modelled: number % 2 === 0,
      ppfd_target: lit ? 250 : 0,
      dli: lit ? 6.4 : 14.1,
      dli_target: 14.4,
      dli_yesterday: 14.2,
      actuators: [
        device(
          `${rack}_${number}.grow_light`,
          "grow_light",
          lit ? 0.62 : 0,
          lit ? 0.62 : 0,
          lit ? "photoperiod_day" : "photoperiod_night",
          lit
            ? "Lights are on: 250 µmol/m²/s towards 14.4 mol/m²/d until 22:00."
            : "Lights are off: dark period until 18:30.",
          { params: lit ? { ppfd: 250, dli: 14.4, until: "22:00" } : { until: "18:30" } }
        ),
      ],
      problems: [],
      status: "ok",
      ...changes,
    },
  };
};

const EMPTY = {
  batch: null,
  crop: null,
  phase: null,
  day_of_phase: null,
  fraction: null,
  expected_harvest_at: null,
  day: false,
  dli: null,
  dli_target: null,
  ppfd_target: null,
  lights_on_at: null,
  lights_off_at: null,
  status: "idle",
  actuators: [],
};

const rackOf = (rack, zone, first) => [
  level(rack, zone, 1, first),
  level(rack, zone, 2, first + 1),
  level(rack, zone, 3, first + 2),
  level(rack, zone, 4, first + 3),
];

const batch = (number, index, harvestIn) => {
  const [crop, phase, day, fraction] = CROPS[index];
  return {
    id: `batch_${index}`,
    title: number === 1 ? "Lettuce for Saturday market" : "",
    crop,
    recipe: crop,
    recipe_version: "abc",
    state: "growing",
    phase,
    phase_index: 1,
    phases: ["germination", phase],
    day_of_phase: day,
    days_left_in_phase: 3,
    phase_ends_at: NOW + 3 * DAY,
    day_of_batch: day + 10,
    fraction,
    sown_at: NOW - 20 * DAY,
    expected_harvest_at: NOW + harvestIn * DAY,
    plants: 72,
    levels: [`rack_a_${number}`],
    ready_low_at: NOW + (harvestIn - 1) * DAY,
    ready_high_at: NOW + (harvestIn + (number === 2 ? -1 : 2)) * DAY,
    forecast_low_kg: number === 4 ? 0 : 3.14,
    forecast_kg: number === 4 ? 0 : 4.2,
    forecast_high_kg: number === 4 ? 0 : 5.65,
    forecast_basis: ["recipe", "light", "model"],
    harvested_kg: 0,
    waits_for: number === 3 ? "canopy_cover" : null,
    waits_got: number === 3 ? 62.4 : null,
    waits_needed: number === 3 ? 85 : null,
    waits_modelled: number === 3,
  };
};

const rollout = {
  id: "lettuce_butterhead-1",
  recipe: "lettuce_butterhead",
  was: "3fa9c2d41e07",
  version: "81d0b7aa2c95",
  strategy: "blue_green",
  state: "paused",
  auto: false,
  started_at: NOW - 4 * DAY,
  ramp_h: 48,
  levels: ["rack_a_1", "rack_a_2"],
  sown: ["batch_9"],
  moved: ["batch_0"],
  returned: [],
  on_old: ["batch_1", "batch_2"],
  waits_for: [],
  left: { batch_2: "limits_disjoint" },
  new_inside: 0.984,
  old_inside: null,
  new_hours: 96,
  old_hours: 0,
  gates: [
    { gate: "min_days", outcome: "waiting", value: 4.03, limit: 14, why: "" },
    { gate: "min_inside", outcome: "passed", value: 0.984, limit: 0.95, why: "" },
    { gate: "max_losses", outcome: "failed", value: 0.0714, limit: 0.05, why: "" },
    { gate: "yield_not_lower", outcome: "waiting", value: null, limit: -0.1, why: "" },
  ],
  history: [],
};

/** The whole farm; `troubled` has what a grower hopes never to see. */
export const farm = ({ troubled = false, emergency = false, speed = 60 } = {}) => {
  const levels = [
    ...rackOf("rack_a", "zone_a", 0),
    ...rackOf("rack_b", "zone_a", 1),
    ...rackOf("rack_c", "zone_b", 3),
    ...rackOf("rack_d", "zone_b", 5),
  ];
  Object.assign(levels[15].snapshot, EMPTY);
  if (troubled) {
    levels[2].snapshot.problems = ["not_proved"];
    levels[2].snapshot.status = "critical";
    levels[2].snapshot.actuators[0].latched = true;
    levels[2].snapshot.actuators[0].proof = "failed";
    levels[5].snapshot.problems = ["light_shed", "sensor_stale"];
    levels[5].snapshot.status = "warning";
  }
  const zone = (id, name, snapshot) => ({
    id,
    name,
    device_id: `device_${id}`,
    snapshot: {
      air_temperature: measured(23.8, 24),
      humidity: measured(68.4, 70),
      vpd: measured(0.93, 0.9),
      co2: measured(982, 1000),
      dew_point: 17.6,
      day: true,
      actuators: [
        device(`${id}.heater`, "heater", 0, 0, "in_band", "Air temperature 23.8 °C is within the band around 24 °C."),
        device(`${id}.exhaust_fan`, "exhaust_fan", 0, 0, "exhaust_idle", "No air has to be exhausted."),
        device(`${id}.circulation_fan`, "circulation_fan", 1, 1, "circulate", "Air is kept moving while plants grow."),
        device(`${id}.dehumidifier`, "dehumidifier", 0, 1, "above_target", "Humidity 75 % is above the target of 70 %.", { proof: "pending" }),
      ],
      problems: [],
      status: "ok",
      ...snapshot,
    },
  });
  const circuit = (id, name, snapshot) => ({
    id,
    name,
    pump: "pump_a",
    levels: [],
    method: "ebb_flow",
    device_id: `device_${id}`,
    snapshot: {
      shot: null,
      stage: null,
      planned_s: null,
      next_shot_at: NOW + 1500,
      last_shot_at: NOW - 5400,
      last_end: "done",
      last_delivered_l: 48.2,
      shots_today: 3,
      litres_today: 144.6,
      actuators: [
        device(`${id}.valve`, "irrigation_valve", 0, 0, "shot_idle", "No shot is running."),
        device(`${id}.pump`, "irrigation_pump", 0, 0, "shot_idle", "No shot is running."),
      ],
      problems: [],
      status: "ok",
      ...snapshot,
    },
  });
  const reservoir = (id, name, snapshot) => ({
    id,
    name,
    capacity_l: 400,
    device_id: `device_${id}`,
    snapshot: {
      ec: measured(1.62, 1.6),
      ph: measured(5.91, 5.8),
      temperature: measured(20.4, 20),
      volume: measured(312, null, "idle"),
      fill_fraction: 0.78,
      dose: null,
      dose_part: null,
      dose_ml: null,
      dosed_today_ml: { dosing_pump_nutrient_a: 21.5, dosing_pump_nutrient_b: 21.5, dosing_pump_ph_down: 3.2 },
      dosing_code: "dose_in_band",
      dosing_params: {},
      dosing_reason: "EC and pH are near their targets.",
      dosing_inhibited: false,
      fill: null,
      fill_l: null,
      filled_today_l: 24,
      fill_code: "fill_idle",
      fill_params: {},
      fill_reason: "Nothing has to be filled.",
      actuators: [],
      problems: [],
      status: "ok",
      ...snapshot,
    },
  });
  return {
    farm: {
      id: "farm",
      entry_id: "entry",
      name: "Demo farm",
      device_id: "device_farm",
      speed,
      now: NOW,
      demo: true,
      time_zone: "UTC",
      snapshot: {
        mode: troubled ? "monitor" : "auto",
        stage: "running",
        emergency,
        emergency_unproved: emergency ? ["rack_a_3.grow_light"] : [],
        disarmed: emergency || troubled ? ["climate", "dosing", "irrigation"] : [],
        journal_ok: !troubled,
        lost_memory: false,
        rollouts: troubled ? [rollout] : [],
        batches: [batch(1, 0, 2.4), batch(2, 1, 9), batch(3, 2, 14), batch(4, 3, -0.2)],
        problems: emergency ? ["disarmed", "emergency"] : [],
        status: emergency ? "critical" : "ok",
      },
    },
    zones: [
      zone("zone_a", "Growing room"),
      zone("zone_b", "Cool room", {
        day: false,
        air_temperature: troubled
          ? measured(34.2, 18, "critical", "good")
          : measured(18.3, 18, "ok", "good", true),
        humidity: troubled
          ? measured(66, 65, "warning", "stale")
          : measured(66, 65),
        vpd: troubled ? measured(null, 0.7, "warning", "missing") : measured(0.71, 0.7),
        co2: measured(611),
        problems: troubled ? ["too_warm_off", "sensor_stale"] : [],
        status: troubled ? "critical" : "ok",
      }),
    ],
    racks: [
      { id: "rack_a", name: "Rack A", zone: "zone_a", device_id: "a" },
      { id: "rack_b", name: "Rack B", zone: "zone_a", device_id: "b" },
      { id: "rack_c", name: "Rack C", zone: "zone_b", device_id: "c" },
      { id: "rack_d", name: "Rack D", zone: "zone_b", device_id: "d" },
    ],
    levels,
    reservoirs: [
      reservoir(
        "reservoir_a",
        "Tank A",
        troubled
          ? {
              dosing_code: "probe_out",
              dosing_params: { quantity: "ph" },
              dosing_reason: "The pH probe is out of the tank.",
              dosing_inhibited: true,
            }
          : { dose: "d", dose_part: "dosing_pump_nutrient_a", dose_ml: 21.5, dosing_code: "", fill: "f", fill_l: 24 }
      ),
      reservoir(
        "reservoir_b",
        "Tank B",
        troubled ? {
              fill_fraction: 0.08,
              volume: measured(32),
              dosing_code: "dose_ineffective",
              dosing_reason: "A person has to look: doses had no effect.",
              dosing_inhibited: true,
              problems: ["volume_low", "dose_ineffective"],
              status: "warning",
            } : {}
      ),
    ],
    pumps: [{ id: "pump_a", name: "Pump A", reservoir: "reservoir_a", device_id: "p" }],
    circuits: [
      circuit("circuit_rack_a", "Rack A"),
      circuit("circuit_rack_b", "Rack B", { shot: "s", stage: "running", planned_s: 240 }),
      circuit("circuit_rack_c", "Rack C", troubled ? { last_end: "crash", problems: ["shot_crash"], status: "warning" } : {}),
      circuit("circuit_rack_d", "Rack D", { next_shot_at: null, last_shot_at: null, last_end: null, last_delivered_l: null, shots_today: 0, litres_today: 0 }),
    ],
    entities: {},
  };
};
