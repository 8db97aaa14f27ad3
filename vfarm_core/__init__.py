"""Models racks, zones and grow recipes, and everything that follows from them."""

__version__ = "0.1.0"
