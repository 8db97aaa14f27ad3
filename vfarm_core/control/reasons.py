"""Why an actuator is in its state: a code and its parameters, and the sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from .hot import hot_value


@hot_value(kw_only=False)
class Reason:
    """`code` is stable and translatable; `params` are numbers already rounded for people."""

    code: str
    params: Mapping[str, str | float | int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The English sentence."""
        quantity = self.params.get("quantity")
        words = {"quantity": _QUANTITIES.get(str(quantity), quantity)}
        text = TEXTS[self.code].format(**{**self.params, **words})
        return text[:1].upper() + text[1:]


#: What quantities are called in a sentence.
_QUANTITIES: Mapping[str, str] = MappingProxyType(
    {
        "air_temperature": "air temperature",
        "humidity": "humidity",
        "vpd": "VPD",
        "co2": "CO2",
    }
)

#: code -> sentence. A command without one of these codes cannot be made.
TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "photoperiod_day": "Lights are on: {ppfd} µmol/m²/s towards {dli} mol/m²/d until {until}.",
        "photoperiod_night": "Lights are off: dark period until {until}.",
        "far_red": "Far-red light at the end of the day, until {until}.",
        "far_red_off": "Far-red light is given only after lights-off.",
        "far_red_shed": "No far-red light: it is too warm, or the air temperature is not known.",
        "no_batch": "No batch grows here.",
        "dli_reached": "The light integral of the day, {dli} mol/m²/d, is reached.",
        "staggered": "Waits until the lamp before it on the same supply is on.",
        "supply_limit": "Dimmed: {supply} carries {limit} kW, and its lamps ask for more.",
        "too_warm_dim": "Dimmed: air at {value} °C is {over} K above the target.",
        "too_warm_off": "Off: air at {value} °C is above the critical limit of {limit} °C.",
        "no_temperature_dim": "Dimmed: no valid air temperature.",
        "below_target": "{quantity} {value} {unit} is below the target of {target} {unit}.",
        "above_target": "{quantity} {value} {unit} is above the target of {target} {unit}.",
        "holds_target": "{quantity} {value} {unit} is held at {target} {unit}.",
        "dew_guard": "{quantity} {value} {unit}: above {target} {unit} dew could form at night.",
        "dry_for_night": "{quantity} {value} {unit} is lowered to {target} {unit} for the night.",
        "dry_for_day": "{quantity} {value} {unit} is lowered to {target} {unit} for the day.",
        "reheat_dry": "Cools to dry: humidity {value} % is above {target} %; the heater helps.",
        "reheat": "Holds {target} °C at {value} °C beside the cooler, which dries the air.",
        "in_band": "{quantity} {value} {unit} is within the band around {target} {unit}.",
        "no_target": "No target for {quantity}.",
        "no_reading": "No valid reading of {quantity}.",
        "degraded": "Runs without a reading until {until}, as it was declared.",
        "circulate": "Air is kept moving while plants grow.",
        "aerate": "The solution is kept aerated.",
        "co2_dark": "No CO2 in the dark.",
        "co2_exhausting": "No CO2 while air is exhausted.",
        "co2_people": "No CO2 while people may be in the zone.",
        "co2_limit": "CO2 at {value} ppm has reached the limit of {limit} ppm.",
        "co2_exhaust_failed": "No CO2: the exhaust fan failed. Check it and clear its latch.",
        "co2_empty": "No CO2: {minutes} min of it raised nothing. Check bottle and hose; "
        "it is tried again at lights-on.",
        "outside_warmer": "Outside air at {outside} °C would not cool air at {value} °C.",
        "outside_heavier": "Outside air at {outside} °C carries more heat as vapour than inside.",
        "outside_moister": "Outside air with {outside} g/m³ would not dry air with {value} g/m³.",
        "exhaust_idle": "No air has to be exhausted.",
        "exhaust_co2": "CO2 at {value} ppm: air is exhausted. Leave the zone.",
        "fill_closed": "Kept closed: vfarm does not top up by itself yet.",
        "circulating": "Water runs without interruption: the roots depend on it.",
        "shot_idle": "No shot is running.",
        "shot_valve": "The valve opens before the pump starts.",
        "shot_running": "A shot of {duration} s is running.",
        "shot_stopping": "The pump stops before the valve closes.",
        "shot_closing": "The valve closes after the pump.",
        "neighbour_open": "Another valve of this pump cannot be closed: water would go there too.",
        "cycle_pause": "Waits for the next mist of the cycle.",
        "no_flow": "Rests before it tries again: the pump was on and no water flowed.",
        "low_pressure": "Rests before it tries again: the pump was on without pressure.",
        "table_floods": "Closed while the table floods.",
        "table_drains": "Open: the table drains.",
        "table_dry": "Closed: the table has drained.",
        "no_room": "Closed: the reservoir has no room for what stands on the table.",
        "volume_low": "The reservoir holds {value} L, less than the {limit} L the pump needs.",
        "leak": "A leak was reported, and nobody has cleared it yet.",
        "smoke": "Smoke was reported, and nobody has cleared it yet.",
        "door_open": "A door is open, or not known to be closed: no CO2.",
        "maintenance": "Left to people until {until}: maintenance.",
        "solution_change": "Off while the solution is changed, until {until}.",
        "sanitation": "No water for plants until {until}: lines are being cleaned.",
        "rinse": "No water for plants: nobody has confirmed that the cleaner is rinsed out.",
        "dark_germination": "Kept dark to germinate until {until}.",
        "work_light": "On at a working level until {until}: people are at work.",
        "emergency_stop": "Emergency stop.",
        "disarmed": "The loop {loop} is not armed.",
        "hold": "Hold.",
        "monitor": "Monitor mode: commands are logged, not sent.",
        "max_on": "Off: the maximum on-time of {limit} s is reached.",
        "max_off": "On: the maximum off-time of {limit} s is reached.",
        "daily_cap": "Off: {limit} s of the last 24 h are used.",
        "min_on": "Stays on: the minimum on-time of {limit} s is not over.",
        "min_off": "Stays off: the minimum off-time of {limit} s is not over.",
        "latched": "Kept safe: its state could not be proved; a person has to look.",
        "no_owner": "Found on without an owner.",
        "reconcile": "Closed after a restart.",
        "shutdown": "vfarm is stopping.",
        "journal": "The journal cannot be written, so nothing is opened.",
        "isolation": "Closed because {point} could not be proved off.",
        "takeover": "A person has taken over until {until}.",
        "opposed": "Off: {other} is on and works against it.",
    }
)
