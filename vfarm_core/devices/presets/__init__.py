"""Presets: how devices that growers own appear in Home Assistant, and what to look at before one of
their entities is bound. Data with sources; nothing here decides anything."""
