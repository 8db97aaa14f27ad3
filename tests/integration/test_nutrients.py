"""The action that weighs salts: what it answers, and every refusal in words."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.requirements import RequirementsNotFound
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.nutrients import REQUIREMENTS

WATER = {
    "unit": "mg/L",
    "ph": 7.4,
    "ions": {"Ca": 80, "Mg": 9, "Na": 14, "Cl": 25, "SO4": 43, "NO3_ion": 9, "HCO3": 207},
}
INSTALL = "custom_components.vfarm.nutrients.async_process_requirements"


@pytest.fixture(autouse=True)
async def ready(farm: MockConfigEntry) -> None:
    """A farm, so that the actions are there."""


async def solve(hass: HomeAssistant, context: Context | None = None, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN, "solve_nutrients", data, blocking=True, return_response=True, context=context
    )
    assert answer is not None
    return answer


async def refused(hass: HomeAssistant, **data: Any) -> ServiceValidationError:
    with pytest.raises(ServiceValidationError) as caught:
        await solve(hass, **data)
    assert caught.value.translation_key is not None
    assert "{" not in str(caught.value)
    return caught.value


async def test_hoagland_is_weighed(hass: HomeAssistant) -> None:
    got = await solve(hass, target_solution="hoagland_1", salts="laboratory")
    grams = {entry["id"]: entry["g_m3"] for entry in got["salts"]}
    assert grams["potassium_nitrate"] == pytest.approx(505.5, abs=0.5)
    assert got["balance"]["closes"] is True
    assert got["ec_ms_cm"] == pytest.approx(2.30, abs=0.01)
    assert got["feasible"] is True


async def test_water_ions_products_and_an_ec_are_taken(hass: HomeAssistant) -> None:
    got = await solve(
        hass,
        target_ions={"unit": "mmol/L", "ions": {"NO3": 10, "K": 6, "Ca": 3, "Mg": 1, "Fe": 0.02}},
        water=WATER,
        salts=["common", "nitric_acid_60", "house_iron"],
        products={"salts": {"house_iron": {"label": {"Fe": 12}, "chelate": "DTPA", "ph_max": 7}}},
        ec=1.5,
        stock_factor=200,
        stock_volume=20,
    )
    assert got["ec_ms_cm"] == pytest.approx(1.5, abs=1e-3)
    assert 0.3 < got["strength"] < 1.2
    ids = {entry["id"] for entry in got["salts"]}
    assert {"house_iron", "nitric_acid_60"} <= ids
    assert (got["stocks"]["factor"], got["stocks"]["volume_l"]) == (200, 20)


async def test_pure_water_and_strength_are_taken(hass: HomeAssistant) -> None:
    wish = {"target_solution": "modified_sonneveld", "salts": ["common"], "water": WATER}
    full = await solve(hass, **wish)
    thin = await solve(hass, **wish, pure_water=50, strength=0.5)
    assert thin["water_ec_ms_cm"] < 0.6 * full["water_ec_ms_cm"]
    assert thin["strength"] == 0.5


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"target_solution": "hogland", "salts": ["common"]}, "hoagland_1"),
        ({"target_solution": "hoagland_1", "salts": ["sugar"]}, "potassium_nitrate"),
        ({"target_solution": "hoagland_1", "salts": []}, "at least one salt"),
        ({"target_ions": {"unit": "mg/L", "ions": {"NO3": 150}}, "salts": ["common"]}, "NO3_N"),
        ({"target_ions": {"ions": {"K": 1}}, "salts": ["common"]}, "mmol/L"),
        ({"target_solution": "hoagland_1", "salts": ["common"], "ph": 12}, "9"),
        ({"target_solution": "hoagland_1", "salts": ["common"], "pure_water": 150}, "1"),
        ({"target_solution": "hoagland_1", "salts": ["common"], "ec": 15}, "mS/cm"),
        ({"target_solution": "hoagland_1", "salts": ["common"], "water": {"unit": "ppm"}}, "mg/L"),
    ],
)
async def test_what_cannot_be_used_is_said(
    hass: HomeAssistant, data: dict[str, Any], said: str
) -> None:
    error = await refused(hass, **data)
    assert error.translation_key == "nutrients_refused"
    assert said in str(error)


async def test_a_target_is_needed_and_only_one(hass: HomeAssistant) -> None:
    error = await refused(hass, salts=["common"])
    assert error.translation_key == "nutrients_no_target"
    error = await refused(
        hass, target_solution="hoagland_1", target_ions={"unit": "mg/L"}, salts=["common"]
    )
    assert error.translation_key == "field_beside"
    assert "target_solution, target_ions" in str(error)


async def test_a_missing_library_is_said_with_the_way_to_install_it(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with patch(INSTALL, AsyncMock()) as install:
        error = await refused(hass, target_solution="hoagland_1", salts=["common"])
    assert error.translation_key == "nutrients_library_missing"
    assert "SciPy" in str(error)
    assert "install: true" in str(error)
    install.assert_not_called()


async def test_only_an_administrator_installs_it(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    wish = {"target_solution": "hoagland_1", "salts": ["common"], "install": True}

    async def installed(*args: Any, **kwargs: Any) -> None:
        monkeypatch.delitem(sys.modules, "scipy.optimize")

    with patch(INSTALL, AsyncMock(side_effect=installed)) as install:
        error = await refused(hass, **wish)
        assert error.translation_key == "nutrients_install_admin"
        with pytest.raises(ServiceValidationError):
            await solve(hass, context=Context(user_id=hass_read_only_user.id), **wish)
        install.assert_not_called()
        got = await solve(hass, context=Context(user_id=hass_admin_user.id), **wish)
    assert got["feasible"] is True
    install.assert_awaited_once_with(hass, DOMAIN, REQUIREMENTS, is_built_in=False)


async def test_an_installation_that_fails_is_said(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, hass_admin_user: MockUser
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    failing = AsyncMock(side_effect=RequirementsNotFound(DOMAIN, REQUIREMENTS))
    with patch(INSTALL, failing), pytest.raises(HomeAssistantError) as caught:
        await solve(
            hass,
            context=Context(user_id=hass_admin_user.id),
            target_solution="hoagland_1",
            salts=["common"],
            install=True,
        )
    assert caught.value.translation_key == "nutrients_install_failed"
    assert "scipy" in str(caught.value)


async def test_what_is_installed_is_what_the_extra_asks_for() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["optional-dependencies"]["optim"] == REQUIREMENTS
