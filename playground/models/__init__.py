"""Networks and their weights; `tiny/` holds the ones that ship with the package."""
