"""Stations: field hardware that keeps an actuator safe, and its plants alive, when nobody commands
it. What each must be able to do follows from the farm; its settings are generated and checked."""
