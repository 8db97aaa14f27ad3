"""The fault campaign: what goes wrong on a farm, as data, run with the real controller."""
