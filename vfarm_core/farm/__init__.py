"""What exists in a farm, as frozen values: nodes, roles, bindings, declarations, overrides."""
