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
        if not self.params:
            return _PLAIN[self.code]
        quantity = self.params.get("quantity")
        words = {"quantity": QUANTITIES.get(str(quantity), quantity)}
        text = TEXTS[self.code].format(**{**self.params, **words})
        return text[:1].upper() + text[1:]


def spelled(reason: Reason) -> dict[str, str | float | int]:
    """A reason as parameters of a refusal: in English (`why`), and by its `code` and its parameters
    (`reason_…`) for whoever says it in another language."""
    params = {f"{SPELLED}{key}": value for key, value in reason.params.items()}
    return {"why": reason.text, "code": reason.code, **params}


#: How the parameters of a spelled reason begin.
SPELLED = "reason_"

#: What quantities are called in a sentence.
QUANTITIES: Mapping[str, str] = MappingProxyType(
    {
        "air_temperature": "air temperature",
        "humidity": "humidity",
        "vpd": "VPD",
        "co2": "CO2",
        "ec": "EC",
        "ph": "pH",
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
        "supply_shared": "Dimmed: of the {limit} kW of {supply} other devices take {others} kW.",
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
        "doubted": "Off: {quantity} jumped to {value} {unit}, where {target} {unit} is the target; "
        "that is checked first.",
        "reading_never": "It has not reported a value yet.",
        "reading_gone": "It gives no value; the last one came at {at}.",
        "reading_unit": "It reports in {unit}, which is none of its units.",
        "reading_uncompensated": "The temperature that it is compensated with is not known.",
        "reading_stale": "It has been silent since {at}.",
        "reading_range": "It says {value} {unit} since {at}, which cannot be.",
        "reading_jump": "It jumped from {before} to {value} {unit} at {at}; "
        "a second report is waited for.",
        "reading_flat_line": "It has said {value} {unit} since {at}, though it must have moved.",
        "reading_warm_up": "It warms up until {until}.",
        "reading_disagreeing": "It says {value} {unit} where another says {other} {unit}.",
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
        "fill_closed": "Kept closed: no automatic fill is set for this reservoir.",
        "fill_idle": "Nothing has to be filled.",
        "fill_running": "A fill of {litres} L is running.",
        "fill_stopping": "The fill has ended.",
        "fill_float": "The high float is up.",
        "fill_float_unknown": "The high float is not known.",
        "fill_dosing": "Waits: a dosing pump is on.",
        "fill_water_out": "Waits: a shot is under way or drains, its water needs room.",
        "fill_valve_unknown": "Waits: the valve is not known to be closed.",
        "fill_cap": "{limit} L were filled within 24 h: no more may be.",
        "fill_no_rise": "A person has to look: the volume did not rise while it was filled.",
        "fill_failed": "A person has to look: the valve could not be proved.",
        "fill_passes": "A person has to look: the volume rose on after the valve had closed.",
        "mix": "The solution is kept moving.",
        "volume_unknown": "The volume is not known.",
        "leak_unknown": "A leak sensor is not known.",
        "probe_out": "The {quantity} probe is out of the tank.",
        "probe_calibrating": "The {quantity} probe is being calibrated.",
        "probe_unverified": "No person has checked the {quantity} probe yet.",
        "probe_expired": "The {quantity} probe has not been checked for too long.",
        "probe_stale": "The {quantity} probe has not reported for too long.",
        "probe_implausible": "The {quantity} probe reports what cannot be.",
        "probe_disagreeing": "The {quantity} probes disagree.",
        "probe_missing": "The {quantity} probe reports nothing.",
        "dose_idle": "No dose is due.",
        "dose_in_band": "EC and pH are near their targets.",
        "dose_running": "A dose of {ml} mL is running.",
        "dose_stopping": "The dose has ended.",
        "dose_mixing": "Waits until the solution is mixed, about {until}.",
        "dose_no_target": "No batch asks anything of this solution.",
        "dose_source_unknown": "The recipe gives EC above that of the fresh water, "
        "and the EC of the fresh water is not known.",
        "dose_disjoint": "The batches on this reservoir share no limits.",
        "dose_no_circulation": "The solution is not proved to be moving.",
        "dose_water_out": "Waits: a shot is under way or drains.",
        "dose_fill": "Waits: the reservoir is being filled.",
        "dose_by_hand": "Waits: a dosing pump was switched on by hand.",
        "dose_uncalibrated": "{point} has never been calibrated.",
        "dose_calibration_expired": "{point} has not been calibrated for too long.",
        "dose_pump_unknown": "{point} is not known to be off.",
        "dose_cap_hour": "The cap of {limit} mL within an hour is reached.",
        "dose_cap_day": "The cap of {limit} mL within 24 h is reached.",
        "dose_cap_tank": "The cap of {limit} mL for this filling is reached.",
        "dose_no_pump": "No pump is bound that could correct the pH.",
        "dose_plain_water": "EC {value} mS/cm is below {limit}: too little for acid or base.",
        "dose_window": "Acid and base are kept apart, until {until}.",
        "dose_ineffective": "A person has to look: doses had no effect.",
        "dose_low_ec": "A person has to look: EC is that of plain water, although it was fed.",
        "dose_failed": "A person has to look: a dosing pump could not be proved.",
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
        "pulse": "Is tried for {seconds} s: a person asked for it.",
        "pulse_over": "It was tried; the try is over.",
        "pulse_dark": "Kept dark: a short-day crop of this zone is in its dark period.",
        "min_on": "Stays on: the minimum on-time of {limit} s is not over.",
        "min_off": "Stays off: the minimum off-time of {limit} s is not over.",
        "latched": "Kept safe: its state could not be proved; a person has to look.",
        "no_owner": "Found on without an owner.",
        "reconcile": "Closed after a restart.",
        "shutdown": "vfarm is stopping.",
        "journal": "The journal cannot be written, so nothing is opened.",
        "isolation": "Closed because {point} could not be proved off.",
        "drill": "Kept off until the drill at its station is over.",
        "takeover": "A person has taken over until {until}.",
        "opposed": "Off: {other} is on and works against it.",
    }
)

#: The sentences that need no parameters.
_PLAIN: Mapping[str, str] = MappingProxyType(
    {code: text[:1].upper() + text[1:] for code, text in TEXTS.items() if "{" not in text}
)
