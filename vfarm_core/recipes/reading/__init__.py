"""Reads the parts of a recipe's document, each in a module of its own."""
