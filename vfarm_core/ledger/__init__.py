"""History in SQL: what was grown, on what, by whom, in a chain that shows every change to it."""
