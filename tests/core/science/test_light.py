from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.science import light
from vfarm_core.science.errors import FactorNeededError, RangeError, ScienceError
from vfarm_core.science.light import Lamp, light_day, light_left

HOUR = 3600.0
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo(name)
    for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll")
]

ppfds = st.floats(1, 2500)
hours = st.floats(0.5, 24)


def instant(zone, *parts):
    return datetime(*parts, tzinfo=zone).timestamp()


def wall(zone, seconds):
    return datetime.fromtimestamp(seconds, zone).strftime("%m-%d %H:%M")


def days_of(zone, year, lights_on, photoperiod_h, days=400):
    """Light days in sequence, each found from the end of the one before."""
    now = datetime(year, 1, 1, 12, tzinfo=zone).timestamp()
    found = []
    for _ in range(days):
        day = light_day(now, lights_on, photoperiod_h, zone)
        found.append(day)
        now = day.next_start_s
    return found


def test_dli_table(table):
    for row in table("dli_reference"):
        ppfd, h = float(row["ppfd_umol_m2_s"]), float(row["photoperiod_h"])
        assert light.dli_mol_m2_d(ppfd, h) == pytest.approx(float(row["dli_mol_m2_d"]))


def test_worked_examples_of_dli(vectors):
    for example in vectors("light", "dli"):
        got = light.dli_mol_m2_d(example["ppfd"], example["h"])
        assert got == pytest.approx(example["expect"])


def test_worked_example_of_lamp_energy(vectors):
    (example,) = vectors("light", "lamp_kwh_m2_d")
    dli = light.dli_mol_m2_d(example["ppfd"], example["h"])
    got = light.lamp_energy_kwh_m2_d(dli, example["efficacy"], example["utilisation"])
    assert got == pytest.approx(example["expect"], rel=example["rtol"])
    power = light.lamp_power_w_m2(example["ppfd"], example["efficacy"], example["utilisation"])
    assert power == pytest.approx(74, abs=0.1)
    assert power * example["h"] / 1000 == pytest.approx(got)


def test_lamp_energy_per_kilogram_of_lettuce():
    assert light.lamp_energy_kwh_kg(0.05, 0.5, 3.0, 0.9) == pytest.approx(10.3, abs=0.02)


@given(ppfds, hours)
def test_ppfd_and_hours_for_a_dli_invert_it(ppfd, h):
    dli = light.dli_mol_m2_d(ppfd, h)
    assert light.ppfd_for_dli(dli, h) == pytest.approx(ppfd)
    assert light.hours_for_dli(dli, ppfd) == pytest.approx(h)


def test_no_light_needs_no_lamp_and_no_time():
    assert light.ppfd_for_dli(0, 0) == 0
    assert light.hours_for_dli(0, 0) == 0


def test_a_dli_without_light_time_or_lamp_is_refused():
    with pytest.raises(ScienceError, match="more than 0 h"):
        light.ppfd_for_dli(12, 0)
    with pytest.raises(ScienceError, match="more than 0 µmol"):
        light.hours_for_dli(12, 0)


def test_photons_add_up_to_the_dli_by_the_trapezoid():
    total = sum(light.photons_mol_m2(200, 200, 60) for _ in range(16 * 60))
    assert total == pytest.approx(light.dli_mol_m2_d(200, 16))
    assert light.photons_mol_m2(0, 200, 100) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("function", "arguments", "argument"),
    [
        (light.dli_mol_m2_d, (-1, 16), "ppfd"),
        (light.dli_mol_m2_d, (200, 25), "hours"),
        (light.dli_mol_m2_d, (200, -1), "hours"),
        (light.dli_mol_m2_d, (math.nan, 16), "ppfd"),
        (light.ppfd_for_dli, (-1, 16), "dli"),
        (light.ppfd_for_dli, (10, 24.1), "hours"),
        (light.hours_for_dli, (10, -1), "ppfd"),
        (light.photons_mol_m2, (1, -1, 1), "ppfd"),
        (light.photons_mol_m2, (1, 1, -1), "seconds"),
        (light.lamp_power_w_m2, (200, 0, 0.9), "efficacy"),
        (light.lamp_power_w_m2, (200, 3, 1.1), "utilisation"),
        (light.lamp_energy_kwh_m2_d, (-1, 3, 0.9), "dli"),
        (light.lamp_energy_kwh_kg, (0, 0.5, 3, 0.9), "dry_matter_fraction"),
        (light.lamp_energy_kwh_kg, (0.05, 0, 3, 0.9), "lue"),
        (light.par_w_m2, (-1, Lamp.LED_WHITE), "ppfd"),
        (light.ppfd_from_lux, (-1, Lamp.LED_WHITE), "lux"),
        (light.ppfd_from_lux, (1, Lamp.LED_WHITE, 0), "factor"),
        (light.lux_from_ppfd, (-1, Lamp.LED_WHITE), "ppfd"),
        (light.lights_on, (0, 0, 25), "photoperiod"),
        (light.lights_on, (0, 0, -1), "photoperiod"),
        (light.lights_on, (0, 0, 1, 0), "cycle"),
    ],
)
def test_light_that_cannot_be_is_refused(function, arguments, argument):
    with pytest.raises(RangeError) as refused:
        function(*arguments)
    assert refused.value.argument == argument


MEASURED = {
    "Sunlight": Lamp.SUNLIGHT,
    "Cool white fluorescent": Lamp.FLUORESCENT_COOL_WHITE,
    "HPS mogul base": Lamp.HPS_SE,
    "HPS double-ended (ePapillon 1000 W)": Lamp.HPS_DE,
    "Metal halide": Lamp.METAL_HALIDE,
    "CMH 4200 K (CMH942)": Lamp.CMH_4200K,
    "CMH 3100 K Agro (CMH930)": Lamp.CMH_3100K,
}


def test_lux_factors_measured_by_apogee(table):
    rows = table("lux_ppfd_measured")
    assert {row["source"] for row in rows} == set(MEASURED)
    for row in rows:
        lamp = MEASURED[row["source"]]
        assert light.ppfd_from_lux(1000, lamp) == pytest.approx(
            1000 * float(row["ppfd_per_lux"]), rel=6e-3
        )
        assert light.lux_from_ppfd(1, lamp) == pytest.approx(float(row["lux_per_ppfd"]))


def test_lux_of_white_leds_lies_among_the_spectra(table):
    spectra = {row["source"]: row for row in table("lux_ppfd_spectral")}
    phosphor = [float(spectra[f"LED-B{i}"]["ppfd_per_lux"]) for i in range(1, 6)]
    factor = light.ppfd_from_lux(1, Lamp.LED_WHITE)
    assert min(phosphor) <= factor <= max(phosphor)
    rich = [float(spectra[f"LED-V{i}"]["ppfd_per_lux"]) for i in (1, 2)]
    assert min(rich) <= light.ppfd_from_lux(1, Lamp.LED_WHITE_HIGH_CRI) <= max(rich)
    for share, lamp in (
        (15, Lamp.LED_WHITE_RED_15), (30, Lamp.LED_WHITE_RED_30), (50, Lamp.LED_WHITE_RED_50),
    ):  # fmt: skip
        row = spectra[f"LED-B3(4100K)+660nm red {share}% photons"]
        assert light.ppfd_from_lux(1, lamp) == pytest.approx(float(row["ppfd_per_lux"]), rel=1e-3)
        assert light.par_w_m2(100, lamp) == pytest.approx(100 / float(row["umol_per_J_PAR"]))


def test_radiant_power_follows_the_spectra(table):
    spectra = {row["source"]: float(row["umol_per_J_PAR"]) for row in table("lux_ppfd_spectral")}
    for lamp, source in (
        (Lamp.SUNLIGHT, "D65"),
        (Lamp.FLUORESCENT_COOL_WHITE, "FL2"),
        (Lamp.HPS_SE, "HP1"),
        (Lamp.METAL_HALIDE, "HP3"),
        (Lamp.LED_WHITE, "LED-B3"),
        (Lamp.LED_RED_BLUE, "RB 450/660 photon 1:3"),
        (Lamp.LED_DEEP_RED, "deep red 660 only"),
        (Lamp.LED_BLUE, "blue 450 only"),
    ):
        assert light.par_w_m2(spectra[source], lamp) == pytest.approx(1.0)
    assert set(light.UMOL_PER_J_PAR) == set(Lamp)


def test_worked_examples_of_lux(vectors):
    (sun,) = vectors("light", "ppfd_from_lux")
    got = light.ppfd_from_lux(sun["lux"], Lamp(sun["lamp"]))
    assert got == pytest.approx(sun["expect"], rel=sun["rtol"])
    (hps,) = vectors("light", "lux_from_ppfd")
    assert light.lux_from_ppfd(hps["ppfd"], Lamp(hps["lamp"])) == pytest.approx(hps["expect"])


def test_the_misprint_in_the_sunlight_table_is_not_ours():
    assert light.lux_from_ppfd(200, Lamp.SUNLIGHT) == pytest.approx(10_800)


@pytest.mark.parametrize("lamp", [Lamp.LED_RED_BLUE, Lamp.LED_DEEP_RED, Lamp.LED_BLUE])
def test_lux_under_red_and_blue_needs_a_measured_factor(lamp):
    with pytest.raises(FactorNeededError, match="quantum sensor"):
        light.ppfd_from_lux(1000, lamp)
    with pytest.raises(FactorNeededError):
        light.lux_from_ppfd(100, lamp)
    assert light.ppfd_from_lux(1000, lamp, factor=0.12) == pytest.approx(120)
    assert light.lux_from_ppfd(120, lamp, factor=0.12) == pytest.approx(1000)


def test_a_measured_factor_wins_over_the_table():
    assert light.ppfd_from_lux(1000, Lamp.LED_WHITE, factor=0.02) == pytest.approx(20)


def test_lights_are_on_for_the_photoperiod_of_every_cycle():
    assert light.lights_on(0, 0, 16)
    assert light.lights_on(16 * HOUR - 1, 0, 16)
    assert not light.lights_on(16 * HOUR, 0, 16)
    assert light.lights_on(24 * HOUR, 0, 16)
    assert light.lights_on(-24 * HOUR, 0, 16)
    assert not light.lights_on(-1, 0, 16)
    assert light.lights_on(4 * HOUR, 0, 1, cycle_h=4)


@given(st.floats(0, 4e9), st.floats(0, 4e9))
def test_no_photoperiod_is_dark_and_a_full_one_is_light(now, anchor):
    assert not light.lights_on(now, anchor, 0)
    assert light.lights_on(now, anchor, 24)
    assert light.lights_on(now, anchor, 6, cycle_h=6)


def test_an_ordinary_light_day():
    day = light_day(instant(BERLIN, 2026, 6, 10, 12), time(6), 16, BERLIN)
    assert wall(BERLIN, day.start_s) == "06-10 06:00"
    assert wall(BERLIN, day.end_s) == "06-10 22:00"
    assert wall(BERLIN, day.next_start_s) == "06-11 06:00"
    assert day.photoperiod_s == 16 * HOUR
    assert day.dark_s == 8 * HOUR
    assert day.lit(day.start_s)
    assert day.lit(day.end_s - 1)
    assert not day.lit(day.end_s)
    assert not day.lit(day.start_s - 1)
    assert day.contains(day.next_start_s - 1)
    assert not day.contains(day.next_start_s)


def test_before_lights_on_the_light_day_is_that_of_yesterday():
    day = light_day(instant(BERLIN, 2026, 6, 10, 5), time(6), 16, BERLIN)
    assert wall(BERLIN, day.start_s) == "06-09 06:00"
    late = light_day(instant(BERLIN, 2026, 6, 10, 1), time(20), 8, BERLIN)
    assert wall(BERLIN, late.start_s) == "06-09 20:00"
    assert late.lit(instant(BERLIN, 2026, 6, 10, 1))


def test_when_the_clocks_go_forward_the_night_gives_the_hour():
    day = light_day(instant(BERLIN, 2026, 3, 28, 20), time(20), 12, BERLIN)
    assert day.photoperiod_s == 12 * HOUR
    assert wall(BERLIN, day.end_s) == "03-29 09:00"
    assert day.dark_s == 11 * HOUR


def test_when_the_clocks_go_back_the_night_takes_the_hour():
    day = light_day(instant(BERLIN, 2026, 10, 24, 20), time(20), 12, BERLIN)
    assert day.photoperiod_s == 12 * HOUR
    assert wall(BERLIN, day.end_s) == "10-25 07:00"
    assert day.dark_s == 13 * HOUR


def test_a_lights_on_time_that_the_clocks_skip_comes_24_hours_after_the_last():
    day = light_day(instant(BERLIN, 2026, 3, 28, 12), time(2, 30), 16, BERLIN)
    assert day.next_start_s - day.start_s == 24 * HOUR
    assert wall(BERLIN, day.next_start_s) == "03-29 03:30"


def test_a_lights_on_time_that_comes_twice_counts_once():
    first = datetime(2026, 10, 25, 2, 30, fold=0, tzinfo=BERLIN).timestamp()
    second = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN).timestamp()
    assert second - first == HOUR
    for now in (first, second, second + HOUR):
        day = light_day(now, time(2, 30, fold=1), 16, BERLIN)
        assert day.start_s == first
        assert day.photoperiod_s == 16 * HOUR


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("lights_on", [time(0), time(2, 15), time(6), time(23, 30)], ids=str)
@pytest.mark.parametrize("photoperiod", [0, 8, 16, 22.75, 23.25, 23.9])
def test_every_light_day_of_a_year_has_its_whole_photoperiod(zone, lights_on, photoperiod):
    days = days_of(zone, 2026, lights_on, photoperiod)
    for day, following in pairwise(days):
        assert day.photoperiod_s == pytest.approx(photoperiod * HOUR)
        assert day.dark_s >= 0
        assert following.start_s == day.next_start_s
    covered = days[-1].next_start_s - days[0].start_s
    assert covered == pytest.approx(400 * 24 * HOUR, abs=2 * HOUR)


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_continuous_light_is_never_dark_and_follows_the_wall_clock(zone):
    for day in days_of(zone, 2026, time(6), 24):
        assert day.end_s == day.next_start_s
        assert datetime.fromtimestamp(day.start_s, zone).time() == time(6)


def test_no_light_at_all_still_has_days():
    for day in days_of(BERLIN, 2026, time(6), 0):
        assert day.end_s == day.start_s
        assert not day.lit(day.start_s)


def test_a_photoperiod_too_long_for_a_short_day_delays_the_next_until_complete():
    days = days_of(BERLIN, 2026, time(6), 23.5, days=100)
    starts = [wall(BERLIN, day.start_s) for day in days]
    assert starts[86:91] == ["03-28 06:00", "03-29 06:30", "03-30 06:00", "03-31 06:00",
                             "04-01 06:00"]  # fmt: skip


def test_a_skipped_date_is_not_a_second_light_day():
    apia = ZoneInfo("Pacific/Apia")
    days = days_of(apia, 2011, time(6), 16, days=366)
    assert all(23 * HOUR <= day.next_start_s - day.start_s <= 25 * HOUR for day in days)
    dates = [datetime.fromtimestamp(day.start_s, apia).date() for day in days]
    assert date(2011, 12, 29) in dates
    assert date(2011, 12, 30) not in dates
    assert date(2011, 12, 31) in dates


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),
    st.times(),
    st.floats(0, 24),
    st.sampled_from(ZONES),
)
def test_the_light_day_holds_now_and_every_instant_of_it_agrees(moment, at, photoperiod, zone):
    now = moment.replace(tzinfo=UTC).timestamp()
    day = light_day(now, at, photoperiod, zone)
    assert day.contains(now)
    assert day.end_s <= day.next_start_s
    for share in (0.0, 0.5, 0.999):
        other = day.start_s + share * (day.next_start_s - day.start_s)
        assert light_day(other, at, photoperiod, zone) == day
    assert light_day(day.next_start_s, at, photoperiod, zone).start_s == day.next_start_s


def test_a_fixed_offset_serves_as_a_zone():
    now = datetime(2026, 3, 29, 12, tzinfo=UTC).timestamp()
    day = light_day(now, time(6), 16, UTC)
    assert day.next_start_s - day.start_s == timedelta(days=1).total_seconds()


def test_a_light_day_that_cannot_be_is_refused():
    with pytest.raises(RangeError, match="photoperiod"):
        light_day(0, time(6), 24.5, BERLIN)
    with pytest.raises(RangeError, match="photoperiod"):
        light_day(0, time(6), math.nan, BERLIN)
    with pytest.raises(RangeError, match="now"):
        light_day(math.inf, time(6), 16, BERLIN)
    with pytest.raises(ScienceError, match="without a zone"):
        light_day(0, time(6, tzinfo=UTC), 16, BERLIN)


class TestLightLeft:
    """Lamps lose light exponentially (IES TM-21)."""

    @pytest.mark.parametrize(
        ("hours", "l90", "l70", "left"),
        [
            (10_000, None, None, 1.0),
            (0, 20_000, 60_000, 1.0),
            (20_000, 20_000, 60_000, 0.9),
            (60_000, 20_000, 60_000, 0.7),
            (40_000, 20_000, 60_000, 0.7937),
            (20_000, 20_000, None, 0.9),
            (40_000, 20_000, None, 0.81),
            (100_000, None, 50_000, 0.49),
            (80_000, 20_000, 60_000, 0.6173),
        ],
    )
    def test_passes_through_what_is_declared(
        self, hours: float, l90: float | None, l70: float | None, left: float
    ) -> None:
        assert light_left(hours, l90, l70) == pytest.approx(left, abs=1e-3)

    def test_refuses_hours_below_nothing(self) -> None:
        with pytest.raises(RangeError):
            light_left(-1, 20_000, None)
