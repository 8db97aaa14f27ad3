"""The recipe and its parts, as frozen values.

Units: temperatures °C, humidity %, vpd kPa, co2 ppm, ppfd µmol/m²/s, dli mol/m²/d, ec mS/cm at
25 °C, photoperiod h, durations as their names say. Values come from `load.load_recipe`, which
checks them; the classes only hold what would make no sense in any recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..farm.nodes import Method
from .ramps import Shape


class ClimateQuantity(StrEnum):
    """What a phase can ask of the air."""

    AIR_TEMPERATURE = "air_temperature"
    HUMIDITY = "humidity"
    VPD = "vpd"
    CO2 = "co2"


class SolutionQuantity(StrEnum):
    """What a phase can ask of the nutrient solution."""

    EC = "ec"
    PH = "ph"
    WATER_TEMPERATURE = "water_temperature"


class PhaseKind(StrEnum):
    """What a phase is for, so that rules can speak of it whatever it is called."""

    GERMINATION = "germination"
    PROPAGATION = "propagation"
    BLACKOUT = "blackout"
    VEGETATIVE = "vegetative"
    FLOWERING = "flowering"
    FRUITING = "fruiting"
    FINISHING = "finishing"


class DayLength(StrEnum):
    """How flowering answers to the photoperiod."""

    SHORT_DAY = "short_day"
    LONG_DAY = "long_day"
    DAY_NEUTRAL = "day_neutral"


class Channel(StrEnum):
    """The channels of a lamp that a recipe can share its light among (400-700 nm)."""

    WHITE = "white"
    BLUE = "blue"
    RED = "red"


class GrowthModel(StrEnum):
    """The growth model a crop's parameters are for."""

    VAN_HENTEN_1994 = "van_henten_1994"
    LIGHT_USE = "light_use"


class Ripe(StrEnum):
    """What a phase can wait for: thermal time above the crop's base temperature (°C d), light that
    fell on the plants (mol/m²), the substrate drying back (percentage points), or the share of
    their place that leaves cover (%)."""

    DEGREE_DAYS = "degree_days"
    LIGHT = "light"
    DRYBACK_POINTS = "dryback_points"
    CANOPY_COVER = "canopy_cover"


class EmptyBand(ValueError):  # noqa: N818 - the state of the limits, named for what it is
    """Two bands that share no value. `quantity`, `when` (day or night), `limit` (warning or
    critical) and the two owners say whose they are, where that is known."""

    def __init__(
        self,
        first: Band,
        second: Band,
        *,
        quantity: str = "",
        when: str = "",
        limit: str = "",
        first_owner: str = "",
        second_owner: str = "",
    ) -> None:
        self.first = first
        self.second = second
        self.quantity = quantity
        self.when = when
        self.limit = limit
        self.first_owner = first_owner
        self.second_owner = second_owner
        super().__init__(first, second)

    @property
    def params(self) -> dict[str, str]:
        """Everything a translated text needs."""
        return {
            "quantity": self.quantity,
            "when": self.when,
            "limit": self.limit,
            "first_owner": self.first_owner,
            "first": str(self.first),
            "second_owner": self.second_owner,
            "second": str(self.second),
        }

    def __str__(self) -> str:
        first = " ".join(filter(None, (self.first_owner, f"({self.first})")))
        second = " ".join(filter(None, (self.second_owner, f"({self.second})")))
        what = " ".join(filter(None, (self.limit, self.quantity, self.when and f"by {self.when}")))
        return f"no {what or 'value'} suits both {first} and {second}"


@dataclass(frozen=True, slots=True)
class Band:
    """A closed interval; None leaves a side open. Raises ValueError when low is above high."""

    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")

    def contains(self, x: float) -> bool:
        """Whether `x` lies in the band; its ends do."""
        return (self.low is None or x >= self.low) and (self.high is None or x <= self.high)

    def clamp(self, x: float) -> float:
        """The value of the band nearest to `x`."""
        if self.low is not None and x < self.low:
            return self.low
        if self.high is not None and x > self.high:
            return self.high
        return x

    def covers(self, other: Band) -> bool:
        """Whether every value of `other` lies in this band."""
        low_ok = self.low is None or (other.low is not None and other.low >= self.low)
        high_ok = self.high is None or (other.high is not None and other.high <= self.high)
        return low_ok and high_ok

    def intersect(self, other: Band) -> Band:
        """The values both bands accept. Raises EmptyBand naming both."""
        lows = [x for x in (self.low, other.low) if x is not None]
        highs = [x for x in (self.high, other.high) if x is not None]
        low, high = max(lows, default=None), min(highs, default=None)
        if low is not None and high is not None and low > high:
            raise EmptyBand(self, other)
        return Band(low, high)

    @property
    def is_open(self) -> bool:
        """Whether the band accepts everything."""
        return self.low is None and self.high is None

    @property
    def span(self) -> str:
        """The band in no language: `18 … 26`, `≥ 18`, `≤ 26`, `*` where it accepts everything."""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} … {self.high:g}"
        if self.low is not None:
            return f"≥ {self.low:g}"
        return "*" if self.high is None else f"≤ {self.high:g}"

    def __str__(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{self.low:g} … {self.high:g}"
        if self.low is not None:
            return f"at least {self.low:g}"
        if self.high is not None:
            return f"at most {self.high:g}"
        return "any"


#: The band of a limit that is not set.
OPEN = Band(None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a value comes from: keys of the recipe's `sources` joined by commas, the confidence
    mark (A research, B extension or published, C practice, D believed, computed, design) and a
    note, such as the range the value was taken from."""

    source: str
    confidence: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setpoint:
    """A target with warning and critical limits, by day and by night of the level's planned
    light. A target may be None: then only the limits hold."""

    day: float | None
    night: float | None
    warning_day: Band
    warning_night: Band
    critical_day: Band
    critical_night: Band
    provenance: Provenance

    def at(self, day: bool) -> float | None:
        """The target by day or by night."""
        return self.day if day else self.night

    def warning(self, day: bool) -> Band:
        """The warning limits by day or by night."""
        return self.warning_day if day else self.warning_night

    def critical(self, day: bool) -> Band:
        """The critical limits by day or by night."""
        return self.critical_day if day else self.critical_night


@dataclass(frozen=True, slots=True, kw_only=True)
class FarRed:
    """Far-red light (700-800 nm) at the end of the day: it begins when the lamps go off and lasts
    `minutes`. Either `pfd` µmol/m²/s or `share` 0…1 of the channel's full output. It is no PPFD and
    counts into no DLI."""

    minutes: float
    provenance: Provenance
    pfd: float | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How far lights-on may move from the level's own time, `hours` earlier or later, to where
    electricity is cheap. No night between two light days becomes shorter than `dark_min_h`."""

    hours: float
    dark_min_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LightPlan:
    """The light of a phase. `ramp_min` minutes of dawn and of dusk lie within the photoperiod and
    run as `ramp_shape` says (linear when None). `ppfd_max` and `dli_max` are what the crop takes
    while the controller catches up. `channels` are shares of the PPFD that add up to 1; empty: the
    lamp's own spectrum. Without a `shift` lights-on stays at the level's own time."""

    photoperiod_h: float
    ppfd: float
    dli: float
    ppfd_max: float
    dli_max: float
    ramp_min: float
    provenance: Provenance
    ramp_shape: Shape | None = None
    channels: Mapping[Channel, float] = field(default_factory=dict)
    far_red: FarRed | None = None
    shift: Shift | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MistCycle:
    """Mist of aeroponics: `on_s` seconds, then `off_s` without. `night_on_s` and `night_off_s` hold
    in the dark; no mist there where `night_on_s` is 0."""

    on_s: float
    off_s: float
    night_on_s: float
    night_off_s: float

    def at(self, day: bool) -> tuple[float, float]:
        """Seconds of mist and seconds without, by day or in the dark."""
        return (self.on_s, self.off_s) if day else (self.night_on_s, self.night_off_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class CropSteering:
    """Drip by the moisture of the substrate. Moisture is vol-%; a dryback is a DROP in percentage
    points, never a share and never the moisture it ends at; shots are % of the substrate's volume.

    P0, from lights-on: wait until `p0_dryback_points` have dried back since lights-on, or
    `p0_max_wait_min`. P1: shots of `p1_shot_pct`, each `p1_increment_pct` larger, every
    `p1_interval_min`, up to `p1_target_vwc_pct` or `p1_max_shots`. P2: shots of `p2_shot_pct` below
    `p2_threshold_vwc_pct`, at least `p2_interval_min` apart. P3, from
    `p3_last_shot_before_lights_off_h`: no shot, towards a total of `p3_dryback_points` below the
    peak, except below `floor_vwc_pct`. All day at most `max_shots_per_day`."""

    p0_dryback_points: float
    p0_max_wait_min: float
    p1_target_vwc_pct: float
    p1_shot_pct: float
    p1_increment_pct: float
    p1_interval_min: float
    p1_max_shots: int
    p2_threshold_vwc_pct: float
    p2_shot_pct: float
    p2_interval_min: float
    p3_last_shot_before_lights_off_h: float
    p3_dryback_points: float
    floor_vwc_pct: float
    max_shots_per_day: int
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotTrigger:
    """Shots of a plan's duration when they are needed instead of by the clock, while lit: when the
    moisture falls below `moisture_below_pct`, when `light_mol_m2` of light came since the last shot
    (plants transpire in proportion to it), or when plants took `transpiration_l_m2` of water since
    then; where that is not known, the light stands in if it is given too. At least
    `min_interval_min` apart, at most `max_shots_per_day`."""

    moisture_below_pct: float | None
    light_mol_m2: float | None
    min_interval_min: float
    max_shots_per_day: int
    provenance: Provenance
    transpiration_l_m2: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IrrigationPlan:
    """Watering by one method: `events_per_day` events while lit and `night_events` in the dark,
    each `duration_s` long. One event of 24 h means without interruption. With `steering` or a
    `trigger` the events are what happens when their sensor fails. `runoff_pct` is the share of a
    shot that should drain out of the substrate."""

    method: Method
    events_per_day: int
    night_events: int
    duration_s: float
    provenance: Provenance
    cycle: MistCycle | None = None
    steering: CropSteering | None = None
    trigger: ShotTrigger | None = None
    runoff_pct: Band | None = None

    @property
    def continuous(self) -> bool:
        """Whether water flows without interruption."""
        return self.duration_s >= 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """What ends a phase in place of its days: `needed` of a quantity, counted since the phase
    began (cover is what there is, not what came), but not before `min_days` and at `max_days` at
    the latest, also when nothing can be measured. The phase's own days are what is expected."""

    ripe: Ripe
    needed: float
    max_days: float
    provenance: Provenance
    min_days: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One stage of a recipe. `provenance` is that of its duration and its density."""

    name: str
    kind: PhaseKind
    days: float
    climate: Mapping[ClimateQuantity, Setpoint]
    solution: Mapping[SolutionQuantity, Setpoint]
    light: LightPlan
    irrigation: Mapping[Method, IrrigationPlan]
    density_plants_m2: float | None
    provenance: Provenance
    notes: tuple[str, ...] = ()
    exit: Exit | None = None

    @property
    def is_dark(self) -> bool:
        """Whether the phase has no lit time at all."""
        return self.light.photoperiod_h <= 0 or self.light.ppfd <= 0

    @property
    def is_always_lit(self) -> bool:
        """Whether the phase has no dark time at all."""
        return not self.is_dark and self.light.photoperiod_h >= 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its origin."""

    value: float
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What the twin and the forecast know of a crop's growth.

    `dry_matter_fraction` is dry per fresh mass of what is harvested, `harvest_index` the
    harvested share of the shoot's dry mass, `lue_g_mol` shoot dry mass per mol of light on the
    level over a whole cycle, `base_temperature` and `optimum_temperature` °C those of
    development, `start_dry_mass_g` the shoot of one plant when it emerges or is set. None is what
    no source tells.
    """

    model: GrowthModel
    dry_matter_fraction: Estimate | None = None
    harvest_index: Estimate | None = None
    lue_g_mol: Estimate | None = None
    base_temperature: Estimate | None = None
    optimum_temperature: Estimate | None = None
    start_dry_mass_g: Estimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """Fresh mass expected of one cycle, kg per m² at the last phase's spacing."""

    low_kg_m2: float
    high_kg_m2: float
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrowth:
    """Cut and come again: after a cut the plants begin `phase` anew, for `days`. `cuts` is how
    often they are cut in all, the last cut included; `share` 0…1 of the shoot is taken by a cut
    after which they grow on. None where no source tells."""

    phase: str
    days: float
    provenance: Provenance
    cuts: int | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """An immutable document: ordered phases and what is known of the crop.

    `version` is the hash of everything else (`version.content_hash`). EC targets exclude what
    the source water brings unless `ec_includes_source_water`. `conflicts` are disagreements
    between sources that a grower should know of. `parent` is the version this one was made from and
    `changelog` what is different; both belong to the content, so that a chain of versions cannot be
    rewritten.
    """

    id: str
    title: str
    crop: str
    cultivar: str | None
    ec_includes_source_water: bool
    phases: tuple[Phase, ...]
    growth: Growth
    expected_yield: Yield | None
    sources: Mapping[str, str]
    version: str
    summary: str = ""
    day_length: DayLength | None = None
    conflicts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    regrowth: Regrowth | None = None
    parent: str | None = None
    changelog: tuple[str, ...] = ()

    @property
    def expected_yield_kg_m2(self) -> tuple[float, float] | None:
        """The expected yield as (low, high) kg per m²."""
        if self.expected_yield is None:
            return None
        return self.expected_yield.low_kg_m2, self.expected_yield.high_kg_m2

    @property
    def total_days(self) -> float:
        """Planned days from sowing to the end of the last phase."""
        return sum(phase.days for phase in self.phases)

    @property
    def short_version(self) -> str:
        """What people are shown of the version."""
        return self.version[:12]

    def index_at(self, day: float) -> int:
        """Index of the phase `day` days after sowing; the last phase has no end."""
        end = 0.0
        for index, phase in enumerate(self.phases[:-1]):
            end += phase.days
            if day < end:
                return index
        return len(self.phases) - 1

    def phase_at(self, day: float) -> Phase:
        """The phase `day` days after sowing; the last phase has no end."""
        return self.phases[self.index_at(day)]

    def starts_on_day(self, index: int) -> float:
        """Planned day after sowing on which the phase with this index starts."""
        return sum(phase.days for phase in self.phases[:index])
