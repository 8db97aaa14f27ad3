"""What can be wrong with a question."""

from __future__ import annotations


class UnknownError(LookupError):
    """The ledger knows nothing by this name."""

    def __init__(self, what: str, name: str) -> None:
        self.what = what
        self.name = name
        super().__init__(f"the ledger knows no {what} {name!r}")


class ReportError(ValueError):
    """A report cannot be made as it was asked for. `key` and `params` are for translation, where
    others than the command line ask; the message is the English sentence."""

    def __init__(self, message: str, key: str = "", **params: str) -> None:
        self.key = key
        self.params = params
        super().__init__(message)
