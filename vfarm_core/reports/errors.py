"""What can be wrong with a question."""

from __future__ import annotations


class UnknownError(LookupError):
    """The ledger knows nothing by this name."""

    def __init__(self, what: str, name: str) -> None:
        self.what = what
        self.name = name
        super().__init__(f"the ledger knows no {what} {name!r}")


class ReportError(ValueError):
    """A report cannot be made as it was asked for."""
