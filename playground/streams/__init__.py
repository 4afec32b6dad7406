"""Streams: what a person holds in the hand, built from the pure functions below it."""
