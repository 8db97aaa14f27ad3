"""Modbus: profiles of devices as data, the planner of requests, the reader and the writer.

`profile`, `load`, `codec`, `plan` and `library` need no link and no Modbus library; `device`, `bus`
and `line` speak over a unit of `modbus-connection`. The form of a profile: docs/modbus.md.
"""
