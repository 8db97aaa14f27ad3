"""Roles of people: who may do what. Tables and pure functions; `access` asks them.

Four roles, each may do what the one before it may:

- **viewer** looks, asks why, reads reports, and stops everything in an emergency;
- **operator** does the daily work, all of it limited by recipes, ranges and safety, and most of it
  with an end or another step after it: sow, move, water, harvest, take an override. Automations are
  operators;
- **grower** decides how plants are grown and starts a stopped farm again: other recipes, doses by
  hand, giving up a batch;
- **manager** carries a farm in and out, and does whatever nobody has given another role yet.

What a person has to have looked at first is never done by an automation, by voice or by a language
model, whatever the role of whoever speaks: `Need.person`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from vfarm_core.farm.overrides import Quantity
from vfarm_core.farm.roles import Loop

CONF_ROLES: Final = "roles"
CONF_OTHERS: Final = "others"
#: Whether automations may write the farm to a file.
CONF_AUTO_EXPORT: Final = "automations_export"


class UserRole(StrEnum):
    """What a user may do in a farm; each role may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    GROWER = "grower"
    MANAGER = "manager"

    def reaches(self, other: UserRole) -> bool:
        """Whether this role may do what the other one may."""
        order = tuple(UserRole)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Need:
    """What something takes: the least role, and whether only a person who is logged in may do it,
    in so many words."""

    role: UserRole
    person: bool = False
    #: An option of the farm with which an automation may do it, too.
    option: str | None = None

    @property
    def nothing(self) -> bool:
        """Whether everybody may, so that nobody has to be looked up."""
        return self.role is UserRole.VIEWER and not self.person


_EVERYBODY = Need(UserRole.VIEWER)
_OPERATOR = Need(UserRole.OPERATOR)
_GROWER = Need(UserRole.GROWER)
_MANAGER = Need(UserRole.MANAGER)
_PERSON = Need(UserRole.OPERATOR, person=True)
_GROWER_PERSON = Need(UserRole.GROWER, person=True)
_MANAGER_PERSON = Need(UserRole.MANAGER, person=True)
_MANAGER_OR_AUTOMATION = Need(UserRole.MANAGER, option=CONF_AUTO_EXPORT)
#: What has no line below: nobody has thought about it.
UNKNOWN: Final = Need(UserRole.MANAGER, person=True)


def _each(need: Need, *names: str) -> dict[str, Need]:
    return dict.fromkeys(names, need)


#: Actions of `vfarm.…`.
ACTIONS: Final[Mapping[str, Need]] = MappingProxyType(
    {
        # A stop outranks every role.
        **_each(_EVERYBODY, "emergency_stop"),
        **_each(_EVERYBODY, "explain", "trace", "batch_report", "solve_nutrients"),
        **_each(_EVERYBODY, "list_recipes", "get_recipe", "diff_recipes", "export_recipe"),
        **_each(_EVERYBODY, "check_recipe"),
        **_each(_EVERYBODY, "get_rollouts", "compare_versions", "get_calibrations"),
        **_each(_OPERATOR, "start_batch", "plan_batch", "sow_batch", "advance_phase"),
        **_each(_OPERATOR, "move_batch", "split_batch", "merge_batches", "transplant_batch"),
        **_each(_OPERATOR, "harvest", "cut_batch", "lose_plants"),
        **_each(_OPERATOR, "receive_lot", "use_lot", "close_lot", "log_labour"),
        **_each(_OPERATOR, "set_override", "clear_override", "set_mode", "give_back"),
        **_each(_OPERATOR, "run_shot", "run_fill", "solution_changed", "set_probe"),
        **_each(_OPERATOR, "start_workflow", "advance_workflow", "end_workflow"),
        **_each(_OPERATOR, "fixture_replaced", "send_test_alarm", "self_test"),
        # Whoever sees that something is wrong may stop a roll-out; to go on is a grower's decision.
        **_each(_OPERATOR, "pause_rollout"),
        **_each(_OPERATOR, "plan_orders", "apply_plan", "reschedule_batch"),
        # What stopped itself goes on when a person has looked.
        **_each(_PERSON, "clear_inhibit", "clear_reservoir", "clear_latch", "verify_probe"),
        **_each(_GROWER, "change_recipe", "fail_batch", "run_dose", "calibrate_pump"),
        **_each(_GROWER, "save_recipe", "import_recipe"),
        **_each(_GROWER, "start_rollout", "resume_rollout", "promote_rollout"),
        **_each(_GROWER, "roll_back_rollout"),
        **_each(_GROWER_PERSON, "release_emergency_stop", "arm_loop", "disarm_loop"),
        # Somebody has to look at what is switched on for no other reason than that.
        **_each(_GROWER_PERSON, "try_actuator"),
        # It decides what dosing goes by, and ends the wait for a check as well.
        **_each(_GROWER_PERSON, "calibrate_probe"),
        # To cut a link and to say what was seen takes somebody who stands beside it. To give up a
        # drill does not.
        **_each(_GROWER_PERSON, "start_drill", "advance_drill", "confirm_drill"),
        **_each(_GROWER_PERSON, "note_protection"),
        **_each(_OPERATOR, "end_drill"),
        **_each(_EVERYBODY, "station_check"),
        **_each(_GROWER, "station_package"),
        **_each(_MANAGER_PERSON, "set_station", "remove_station"),
        # What people did is no affair of everybody; who they were is forgotten by a person.
        **_each(_GROWER, "audit"),
        **_each(_MANAGER_PERSON, "forget_person"),
        # Administrators of Home Assistant only, besides: they write files and entries.
        **_each(_MANAGER, "import_farm", "install_blueprints"),
        **_each(_MANAGER_OR_AUTOMATION, "export_farm"),
    }
)

#: Websocket commands.
COMMANDS: Final[Mapping[str, Need]] = MappingProxyType(
    {
        **_each(_EVERYBODY, "vfarm/overview", "vfarm/subscribe", "vfarm/explain"),
        **_each(_EVERYBODY, "vfarm/recipes/list", "vfarm/recipes/get", "vfarm/recipes/check"),
        **_each(_EVERYBODY, "vfarm/recipes/diff", "vfarm/recipes/export"),
        **_each(_EVERYBODY, "vfarm/safety"),
        **_each(_GROWER, "vfarm/recipes/import", "vfarm/recipes/save"),
    }
)

#: Entities that take commands, by domain and key. Simulated hardware is one kind.
ENTITIES: Final[Mapping[str, Need]] = MappingProxyType(
    {
        **_each(_EVERYBODY, "button.emergency_stop"),
        **_each(_OPERATOR, "select.mode", "select.speed", "hardware"),
        **_each(_OPERATOR, "calendar.agenda", "todo.tasks"),
        **_each(_OPERATOR, "climate.climate", "number.override_hours"),
        **_each(_OPERATOR, *(f"number.{quantity}_override" for quantity in Quantity)),
        **_each(_OPERATOR, "button.run_shot", "button.self_test"),
        **_each(_OPERATOR, "button.advance_workflow", "button.end_workflow"),
        **_each(_PERSON, "button.clear_inhibit", "button.clear_latches"),
        **_each(_GROWER, "time.lights_on"),
        **_each(_GROWER_PERSON, *(f"switch.loop_{loop}" for loop in Loop)),
    }
)


#: Tools of language models. A proposal is answered to everybody; it is carried out for those who
#: may set an override.
TOOLS: Final[Mapping[str, Need]] = MappingProxyType(
    {
        **_each(_EVERYBODY, "vfarm__overview", "vfarm__look", "vfarm__explain"),
        **_each(_EVERYBODY, "vfarm__propose_setpoint"),
        "vfarm__log_harvest": ACTIONS["harvest"],
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What Home Assistant says of a user. `system`: made by Home Assistant for one of its own
    parts; `adds`: of these, the one that add-ons act as."""

    id: str
    owner: bool = False
    admin: bool = False
    read_only: bool = False
    system: bool = False
    adds: bool = False


def role_of(account: Account, options: Mapping[str, Any]) -> UserRole:
    """The role of a user in a farm with these options.

    The owner of Home Assistant is always a manager, so that nobody can lock everybody out. A user
    who was given a role has it. Other administrators are managers: they may change these options
    anyway. Everybody else is an operator unless the options say otherwise, as Home Assistant lets
    them switch the pumps themselves, and a refusal would only move them to the plug. Users that may
    only read in Home Assistant are viewers. Of Home Assistant's own users, that of its add-ons is
    an operator, as automations are; the others, among them the cloud's voice assistants, view.
    """
    if account.system:
        return UserRole.OPERATOR if account.adds else UserRole.VIEWER
    if account.owner:
        return UserRole.MANAGER
    given = options.get(CONF_ROLES, {}).get(account.id)
    if given is not None:
        return _known(given)
    if account.admin:
        return UserRole.MANAGER
    if account.read_only:
        return UserRole.VIEWER
    return _known(options.get(CONF_OTHERS, UserRole.OPERATOR))


def _known(role: str) -> UserRole:
    return UserRole(role) if role in tuple(UserRole) else UserRole.VIEWER


def given_twice(users: Mapping[UserRole, Iterable[str]]) -> set[str]:
    """The users that have several roles in a form with one list for each role."""
    seen: set[str] = set()
    twice: set[str] = set()
    for ids in users.values():
        twice |= seen & set(ids)
        seen |= set(ids)
    return twice
