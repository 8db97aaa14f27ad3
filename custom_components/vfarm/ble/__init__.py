"""Bluetooth meters: what the core's sessions need of Home Assistant, and what is shown.

Home Assistant's Bluetooth is asked for only where a farm has a meter: a host without a radio runs
every other farm as before.
"""
