"""The simulated farm: air, water, plants, devices and their faults; it implements the ports."""
