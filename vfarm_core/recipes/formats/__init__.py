"""Recipes in other forms: what others write is read onto a recipe of ours, and ours can be given
away. Each form says what it holds and what it cannot hold; nothing is made up in between."""
