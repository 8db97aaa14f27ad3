"""Nutrient solutions: ions, salts, EC, acid, stocks, and the weights that reach a target."""
