"""Batches to JSON-able values and back without loss."""

from __future__ import annotations

from typing import Any

from ..farm.codec import decode, encode
from .model import Batch


def to_dict(batch: Batch) -> dict[str, Any]:
    """The batch as JSON-able values."""
    data: dict[str, Any] = encode(batch)
    return data


def from_dict(data: Any) -> Batch:
    """The batch `to_dict` was given. Raises DecodeError."""
    return decode(Batch, data, "batch")
