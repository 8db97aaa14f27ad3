"""Bluetooth meters: pure decoders of what they send, and a session that reads one through a client
that whoever owns the radio hands in."""
