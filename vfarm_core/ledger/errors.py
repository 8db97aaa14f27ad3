"""What can be wrong with a ledger."""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger cannot be opened, read or written."""


class LedgerAwayError(LedgerError):
    """It cannot be reached or written now: no space, no right to write, no server. Trying again
    later may help, and nothing is lost until then."""


class NewerLedgerError(LedgerError):
    """A newer vfarm has written it. This one does not touch it."""
