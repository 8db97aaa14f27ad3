"""What a person can have done about a repair; `repairs.py` finds the flow of an issue."""
