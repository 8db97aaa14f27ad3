"""How a ledger of an older vfarm becomes one of this."""
