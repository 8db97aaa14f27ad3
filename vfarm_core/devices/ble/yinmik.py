"""Yinmik and Yieryi water testers that decode like the BLE-C600 (pH, EC, TDS, salinity, ORP).

The protocol is known from frames that people captured beside the meter's display
(EugeneSoftwareDeveloper/SmartHomeWaterAnalyzer; community.home-assistant.io thread 418684); no
maker describes it. The frame is scrambled and carries no checksum. So it is only believed when its
head and product code are those of the captured ones, and when TDS and salinity, which the meter
works out itself, fit its EC. Meters of other product codes look alike and put other things into
the same places: they are refused, not guessed.

EC is handed on as the meter shows it; that it refers to 25 °C is believed, not known.
"""

from __future__ import annotations

from struct import unpack_from

from .errors import FrameError, Problem
from .values import Hint, Quantity, Reading, Value, held, measured

#: Service and characteristic of the measured values.
SERVICE = "0000ff01-0000-1000-8000-00805f9b34fb"
DATA = "0000ff02-0000-1000-8000-00805f9b34fb"

LENGTH = 24
HEAD = b"\x01\x02"
PRODUCT_C600 = 0x0B
FLAG_BACKLIGHT = 0x08
FLAG_HOLD = 0x10

#: ppm of TDS per µS/cm: meters use 0.5, 0.64 or 0.7 (science reference 1.4); a little room at both
#: ends, and for whole numbers at low EC.
_TDS_PER_EC = (0.45, 0.75)
_ROUNDING_PPM = 2.0
#: Salinity stands in a frame in ppm and, to two digits, in %; a digit of the latter is 100 ppm.
_SALINITY_DIGIT_PPM = 100.0


def decode(frame: bytes) -> Reading:
    """The values of one frame of the data characteristic. Raises FrameError."""
    if len(frame) != LENGTH:
        raise FrameError(Problem.LENGTH, "frame", len(frame), f"{LENGTH} bytes")
    plain = descramble(frame)
    if plain[:2] != HEAD:
        raise FrameError(Problem.HEADER, "head", plain[:2].hex(), HEAD.hex())
    if plain[2] != PRODUCT_C600:
        raise FrameError(Problem.PRODUCT, "product", f"{plain[2]:#04x}", f"{PRODUCT_C600:#04x}")
    values = _values(plain)
    return Reading(held(values) if plain[17] & FLAG_HOLD else values)


def descramble(frame: bytes) -> bytes:
    """Undo the scrambling: from the last byte down, neighbours give each other half of their bits,
    shifted by one and inverted."""
    plain = bytearray(frame)
    for i in range(len(plain) - 1, 0, -1):
        here, before = plain[i], plain[i - 1]
        plain[i] = 0xFF ^ ((here & 0x55) << 1 | (before & 0xAA) >> 1)
        plain[i - 1] = 0xFF ^ ((before & 0x55) << 1 | (here & 0xAA) >> 1)
    return bytes(plain)


def _values(plain: bytes) -> tuple[Value, ...]:
    ph, ec, tds, salinity, percent, temperature, battery = unpack_from(">7h", plain, 3)
    gravity, orp = unpack_from(">2h", plain, 18)
    values = (
        measured(Quantity.PH, ph / 100),
        measured(Quantity.EC, ec / 1000),
        measured(Quantity.TDS, float(tds), Hint.DERIVED),
        measured(Quantity.SALINITY, float(salinity), Hint.DERIVED),
        measured(Quantity.ORP, float(orp)),
        measured(Quantity.SPECIFIC_GRAVITY, gravity / 1000, Hint.DERIVED),
        measured(Quantity.TEMPERATURE, temperature / 10),
        measured(Quantity.BATTERY_VOLTAGE, float(battery)),
    )
    low, high = (factor * ec for factor in _TDS_PER_EC)
    if not low - _ROUNDING_PPM <= tds <= high + _ROUNDING_PPM:
        wanted = f"{low:.0f} … {high:.0f} ppm at {ec} µS/cm"
        raise FrameError(Problem.CONTRADICTION, "tds", tds, wanted)
    if abs(percent * _SALINITY_DIGIT_PPM - salinity) >= _SALINITY_DIGIT_PPM:
        wanted = f"{salinity} ppm as in the same frame"
        raise FrameError(Problem.CONTRADICTION, "salinity", f"{percent / 100} %", wanted)
    return values
