"""Config flows, one file per topic."""
