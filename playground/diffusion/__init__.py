"""The mathematics of the streams: pure functions over frozen values, no networks, no loops."""
