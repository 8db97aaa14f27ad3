"""Recipes: what a crop is given, phase by phase, as immutable, versioned documents."""
