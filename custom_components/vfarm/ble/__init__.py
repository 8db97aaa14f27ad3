"""Bluetooth meters: what the core's sessions need of Home Assistant, and what is shown.

Home Assistant's Bluetooth is asked for only where a farm has a meter, and waited for there. It is
no dependency of any kind: what it and its proxies require would have to be installed before any
farm could start.
"""
