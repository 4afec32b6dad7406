"""Measurements that print numbers: parity with reference latents, speed, quality."""
