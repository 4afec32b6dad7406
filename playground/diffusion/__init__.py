"""The mathematics of the image stream: pure functions over frozen values, no networks, no loops."""
