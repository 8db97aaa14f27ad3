"""A recall on paper: HTML, CSV and PDF."""

from __future__ import annotations

import csv
import io
import sys
from html.parser import HTMLParser

import pytest

from tests.core.ledger.history import T0, sow, tell
from vfarm_core.ledger.store import Ledger
from vfarm_core.reports.errors import ReportError
from vfarm_core.reports.recall import as_csv, as_html, as_pdf
from vfarm_core.reports.trace import trace


def test_a_page_names_every_lot_and_condition(ledger: Ledger) -> None:
    page = as_html(trace(ledger, "S1"), "Europe/Berlin")
    for text in ("Seeds &amp; Co", "H1", "H2", "air temperature", "°C", "3 kg harvested"):
        assert text in page
    assert "H3" not in page
    HTMLParser().feed(page)


def test_what_people_have_typed_is_no_markup_and_no_formula(ledger: Ledger) -> None:
    evil = "=HYPERLINK(1)"
    sow(ledger, "evil", T0, seed_lot=evil)
    note = "<script>alert(1)</script>"
    tell(ledger, "batch_harvested", T0 + 1, batch="evil", lot="H9", kg=1.0, note=note, title="x")
    found = trace(ledger, evil)
    assert "<script" not in as_html(found)
    rows = list(csv.reader(io.StringIO(as_csv(found))))
    assert not any(cell.startswith("=") for row in rows for cell in row)
    assert ["Harvest lots", "H9", "evil", "2023-11-14 22:13", "1 kg", "", note] in rows


def test_a_pdf_is_made_where_its_library_is_installed(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    sow(ledger, "łódź", T0, seed_lot="S1")
    assert as_pdf(trace(ledger, "S1")).startswith(b"%PDF-")
    monkeypatch.setitem(sys.modules, "fpdf", None)
    with pytest.raises(ReportError, match=r"vfarm-core\[pdf\]"):
        as_pdf(trace(ledger, "S1"))
