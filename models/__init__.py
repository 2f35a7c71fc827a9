"""The contract between training and production: sites, readings, formulas, and the file they travel in.

Standard library only.
"""
