"""The runtime: runs the steps, executes their effects in order through ports, reconciles."""
