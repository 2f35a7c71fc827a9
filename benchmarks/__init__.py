"""Benchmarks: raw repeats with the machine that they ran on, and tables generated from them."""
