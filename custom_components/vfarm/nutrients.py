"""The action that weighs salts for a target and a water. It moves nothing and asks no farm.

The solver's library is no requirement of the integration: most people never need it. It is
installed when an administrator asks for it, the way Home Assistant installs requirements.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from vfarm_core.science.errors import MissingLibraryError, ScienceError
from vfarm_core.science.nutrients import salts as shelves
from vfarm_core.science.nutrients import targets
from vfarm_core.science.nutrients.report import StockWish, as_dict, report
from vfarm_core.science.nutrients.solver import DEFAULT_PH, Problem
from vfarm_core.science.nutrients.strength import at_ec
from vfarm_core.science.nutrients.targets import PURE_WATER

from .const import DOMAIN
from .fields import number
from .targets import error

#: what the core's extra for solvers asks for
REQUIREMENTS = ["scipy>=1.15,<2"]


class Field(StrEnum):
    """The names of the action's fields."""

    TARGET = "target_solution"
    IONS = "target_ions"
    WATER = "water"
    SALTS = "salts"
    PRODUCTS = "products"
    PH = "ph"
    EC = "ec"
    STRENGTH = "strength"
    PURE = "pure_water"
    FACTOR = "stock_factor"
    VOLUME = "stock_volume"
    INSTALL = "install"


SOLVE_SCHEMA = vol.Schema(
    {
        vol.Exclusive(Field.TARGET, "target"): cv.string,
        vol.Exclusive(Field.IONS, "target"): dict,
        vol.Optional(Field.WATER): dict,
        vol.Required(Field.SALTS): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(Field.PRODUCTS): dict,
        vol.Optional(Field.PH, default=DEFAULT_PH): number(),
        vol.Exclusive(Field.EC, "strength"): number(),
        vol.Exclusive(Field.STRENGTH, "strength"): number(),
        vol.Optional(Field.PURE, default=0.0): number(),
        vol.Optional(Field.FACTOR, default=100.0): number(),
        vol.Optional(Field.VOLUME, default=10.0): number(),
        vol.Optional(Field.INSTALL, default=False): cv.boolean,
    }
)


async def async_solve(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """Grams of salts, stocks, ions and EC. Raises ServiceValidationError, HomeAssistantError."""
    if Field.TARGET not in call.data and Field.IONS not in call.data:
        raise error("nutrients_no_target")
    try:
        return await _async_solved(hass, call.data)
    except MissingLibraryError as err:
        if not call.data[Field.INSTALL]:
            raise error(
                "nutrients_library_missing", library=err.library, install=err.install
            ) from err
        await async_install(hass, call, err.library)
    return await _async_solved(hass, call.data)


async def _async_solved(hass: HomeAssistant, data: dict[str, Any]) -> dict[str, Any]:
    try:
        # The library is loaded, and takes milliseconds, away from the event loop.
        return await hass.async_add_executor_job(_solved, data)
    except MissingLibraryError:
        raise
    except ScienceError as err:
        raise error(
            "nutrients_refused",
            argument=err.argument,
            value=f"{err.value:g}" if isinstance(err.value, float) else str(err.value),
            accepted=err.accepted,
        ) from err


def _solved(data: dict[str, Any]) -> dict[str, Any]:
    target = (
        targets.published(data[Field.TARGET])
        if Field.TARGET in data
        else targets.target_of(data[Field.IONS], Field.IONS)
    )
    water = targets.water_of(data[Field.WATER], Field.WATER) if Field.WATER in data else PURE_WATER
    shelf = (
        shelves.with_products(data[Field.PRODUCTS], Field.PRODUCTS)
        if Field.PRODUCTS in data
        else shelves.shipped()
    )
    strength = data.get(Field.STRENGTH, 1.0)
    problem = Problem(
        target=target if Field.EC in data else target.at_strength(strength),
        water=water.blended(data[Field.PURE] / 100.0),
        salts=shelf.pick(data[Field.SALTS]),
        ph=data[Field.PH],
    )
    if Field.EC in data:
        problem, strength = at_ec(problem, data[Field.EC])
    wish = StockWish(factor=data[Field.FACTOR], volume_l=data[Field.VOLUME])
    return {**as_dict(report(problem, wish)), "strength": strength}


async def async_install(hass: HomeAssistant, call: ServiceCall, library: str) -> None:
    """Install what solvers need, for an administrator. Raises ServiceValidationError."""
    user = await hass.auth.async_get_user(call.context.user_id) if call.context.user_id else None
    if user is None or not user.is_admin:
        raise error("nutrients_install_admin", library=library)
    try:
        await async_process_requirements(hass, DOMAIN, REQUIREMENTS, is_built_in=False)
    except RequirementsNotFound as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="nutrients_install_failed",
            translation_placeholders={"library": library, "why": ", ".join(err.requirements)},
        ) from err
