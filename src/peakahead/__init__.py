"""Predicts how much memory a running function is about to need, before it allocates it."""
