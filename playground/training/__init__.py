"""Recipes that train the shipped models: one module a recipe, each a generator that yields every step."""
