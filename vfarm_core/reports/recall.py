"""A recall: what is concerned, on paper. HTML, CSV, and PDF where fpdf2 is installed."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .batch import BatchSummary
from .errors import ReportError
from .trace import Trace

if TYPE_CHECKING:
    from fpdf import FPDF

#: Units of what a batch stands in, in the field's own words.
UNITS: Mapping[str, str] = {
    "air_temperature": "°C",
    "leaf_temperature": "°C",
    "surface_temperature": "°C",
    "solution_temperature": "°C",
    "substrate_temperature": "°C",
    "humidity": "%",
    "co2": "ppm",
    "ppfd": "µmol/m²/s",
    "solution_ec": "mS/cm",
    "solution_ph": "pH",
    "power": "W",
    "volume": "L",
    "flow": "L/min",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table of a report."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sheets(
    found: Trace, time_zone: str = "UTC", name: Callable[[str], str] = lambda node: node
) -> tuple[Sheet, ...]:
    """The tables of a recall report. `name` turns the id of a node into what people call it."""
    zone = ZoneInfo(time_zone)

    def day(at: float | None) -> str:
        return "" if at is None else f"{dt.datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"

    lots = tuple(
        (lot.id, lot.kind, lot.name, lot.supplier, day(lot.at), _amount(lot.amount, lot.unit))
        for lot in found.lots
    )
    used = tuple((i.lot, i.batch, _amount(i.amount, i.unit)) for i in found.ingredients)
    grown = tuple(_batch_row(batch, day, name) for batch in found.batches)
    cut = tuple(
        (c.lot, batch.id, day(c.at), _amount(c.kg, "kg"), c.grade, c.note)
        for batch in found.batches
        for c in batch.harvests
    )
    stood = tuple(row for batch in found.batches for row in _stood(batch))
    came = tuple(found.descent)
    return (
        Sheet(
            title="Harvest lots",
            head=("Lot", "Batch", "Harvested", "Mass", "Grade", "Note"),
            rows=cut,
        ),
        Sheet(
            title="Batches",
            head=(
                "Batch",
                "Crop",
                "Recipe",
                "Version",
                "State",
                "Sown",
                "Ended",
                "Plants",
                "Levels",
            ),
            rows=grown,
        ),
        Sheet(title="Lots that went in", head=("Lot", "Batch", "Amount"), rows=used),
        Sheet(title="Lots", head=("Lot", "Kind", "Name", "Supplier", "Since", "Amount"), rows=lots),
        Sheet(
            title="Conditions received",
            head=("Batch", "Quantity", "Mean", "Lowest", "Highest", "Unit", "Known hours"),
            rows=stood,
        ),
        Sheet(title="Descent", head=("Batch", "Became"), rows=came),
    )


def _batch_row(
    batch: BatchSummary, day: Callable[[float | None], str], name: Callable[[str], str]
) -> tuple[str, ...]:
    levels = dict.fromkeys(name(place.level) for place in batch.places)
    return (
        batch.id,
        f"{batch.crop} {batch.cultivar or ''}".strip(),
        batch.recipe,
        batch.version[:12],
        batch.state,
        day(batch.sown_at),
        day(batch.ended_at),
        str(batch.plants),
        ", ".join(levels),
    )


def _stood(batch: BatchSummary) -> Iterator[tuple[str, ...]]:
    if batch.dli is not None:
        yield batch.id, "light a day", f"{batch.dli:.4g}", "", "", "mol/m²/d", ""
    for quantity, c in sorted(batch.conditions.items()):
        values = (f"{c.mean:.4g}", f"{c.low:.4g}", f"{c.high:.4g}")
        words = quantity.replace("_", " ")
        yield batch.id, words, *values, UNITS.get(quantity, ""), f"{c.covered_h:.0f}"


def _amount(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.6g} {unit}".strip()


def as_csv(found: Trace, time_zone: str = "UTC") -> str:
    """Every table one after the other, each with its title in the first column. What a spreadsheet
    would take for a formula is made a text."""
    out = io.StringIO()
    writer = csv.writer(out)
    for sheet in sheets(found, time_zone):
        for row in (sheet.head, *sheet.rows):
            writer.writerow([_tame(sheet.title), *map(_tame, row)])
    return out.getvalue()


def _tame(cell: str) -> str:
    formula = cell.startswith(("=", "+", "@", "\t", "\r"))
    minus = cell.startswith("-") and not cell[1:].replace(".", "", 1).isdigit()
    return f"'{cell}" if formula or minus else cell


def as_html(found: Trace, time_zone: str = "UTC") -> str:
    """One page that needs nothing beside it."""
    title = f"Trace of {found.kind} {found.subject}"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(_sentence(found))}</p>",
    ]
    for sheet in sheets(found, time_zone):
        if not sheet.rows:
            continue
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in sheet.head)
        parts.append(f"<h2>{escape(sheet.title)}</h2><table><thead><tr>{head}</tr></thead><tbody>")
        for row in sheet.rows:
            cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
            parts.append(f"<tr>{cells}</tr>")
        parts.append("</tbody></table>")
    parts.append("</body></html>")
    return "\n".join(parts) + "\n"


_STYLE = (
    "body{font:14px/1.4 system-ui,sans-serif;margin:2em;color:#111}"
    "table{border-collapse:collapse;margin-bottom:1.5em}"
    "th,td{border:1px solid #bbb;padding:.25em .6em;text-align:left}"
    "@media print{body{margin:0}tr{break-inside:avoid}}"
)


def _sentence(found: Trace) -> str:
    kg = sum(batch.kg or 0.0 for batch in found.batches)
    return (
        f"{len(found.batches)} batches, {len(found.harvest_lots)} harvest lots, "
        f"{kg:.6g} kg harvested."
    )


def as_pdf(found: Trace, time_zone: str = "UTC") -> bytes:
    """The same as a PDF. Raises ReportError where fpdf2 is not installed."""
    try:
        from fpdf import FPDF
    except ImportError as err:
        raise ReportError("a PDF needs fpdf2: install vfarm-core[pdf]") from err
    pdf = FPDF(orientation="landscape", format="A4")
    pdf.set_title(f"Trace of {found.kind} {found.subject}")
    pdf.add_page()
    pdf.set_font("helvetica", style="B", size=14)
    pdf.cell(text=_latin(f"Trace of {found.kind} {found.subject}"), new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("helvetica", size=9)
    pdf.cell(text=_latin(_sentence(found)), new_x="LMARGIN", new_y="NEXT")
    for sheet in sheets(found, time_zone):
        if sheet.rows:
            _pdf_table(pdf, sheet)
    return bytes(pdf.output())


def _pdf_table(pdf: FPDF, sheet: Sheet) -> None:
    pdf.ln(4)
    pdf.set_font("helvetica", style="B", size=11)
    pdf.cell(text=_latin(sheet.title), new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("helvetica", size=8)
    with pdf.table(text_align="LEFT", line_height=4.5) as table:
        for cells in (sheet.head, *sheet.rows):
            row = table.row()
            for cell in cells:
                row.cell(_latin(cell))


def _latin(text: str) -> str:
    """The fonts that every PDF reader has know no other letters."""
    return text.encode("latin-1", "replace").decode("latin-1")
