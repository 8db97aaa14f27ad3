"""The safety page of a farm: every actuator, what each loss does to it, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...farm.nodes import Farm
from .audit import LACKING, WORDS, Finding, Standing
from .losses import Certainty, Losses, Outcome, losses_of
from .model import Station

_SURE = {
    Certainty.VERIFIED: "seen",
    Certainty.STATION: "set up",
    Certainty.DECLARED: "declared only",
    Certainty.UNKNOWN: "",
}


def safety_page(farm: Farm, stations: Sequence[Station]) -> str:
    """The page, in Markdown."""
    losses = losses_of(farm, stations)
    lacking = [f for x in losses for f in x.findings if f.standing in LACKING]
    seen = [f for x in losses for f in x.findings if f.standing is Standing.VERIFIED]
    total = sum(len(x.findings) for x in losses)
    lines = [
        f"# Safety of {farm.name}",
        "",
        f"{len(losses)} actuators on {len(stations)} stations, {total} protections:"
        f" {len(seen)} seen to work, {total - len(seen) - len(lacking)} set up, {len(lacking)}"
        " missing. *Set up* means that the package of the station keeps it, as far as it was"
        " installed. People are protected by hard-wired isolation, not by this.",
        "",
        "| actuator | station | power is lost | the network is lost | Home Assistant is lost |",
        "|---|---|---|---|---|",
        *(_row(x) for x in losses),
        "",
        "## Seen to work",
        "",
        *_seen(seen),
        "",
        "## Missing",
        "",
        *_missing(lacking),
    ]
    return "\n".join(lines) + "\n"


def _row(x: Losses) -> str:
    cells = (
        f"`{x.point}`",
        x.station or "none",
        *map(_cell, (x.power, x.network, x.home_assistant)),
    )
    return "| " + " | ".join(cells) + " |"


def _cell(outcome: Outcome) -> str:
    sure = _SURE[outcome.certainty]
    return f"{outcome.text} ({sure})" if sure else f"**{outcome.text}**"


def _seen(findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        yield "Nothing yet. Cut each link once, and write down what you saw under `verified`."
        return
    yield "| actuator | protection | when | by | safe after |"
    yield "|---|---|---|---|---|"
    for f in findings:
        after = "" if f.after_s is None else f"{f.after_s:g} s"
        yield f"| `{f.need.point}` | {f.need.guard.value} | {f.on} | {f.by} | {after} |"


def _missing(findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        yield "Nothing."
        return
    yield "| actuator | protection | why |"
    yield "|---|---|---|"
    for f in findings:
        yield f"| `{f.need.point}` | {f.need.guard.value} | {WORDS[f.why]} |"
