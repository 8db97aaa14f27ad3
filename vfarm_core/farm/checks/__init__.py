"""The checks of a farm, each yielding every fault that it finds."""
