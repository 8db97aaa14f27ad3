"""Pure functions of horticultural science: air, light, water, crop, canopy, growth."""
