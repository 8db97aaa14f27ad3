"""Devices on Modbus lines: what the core's driver needs of Home Assistant, and what is shown."""
