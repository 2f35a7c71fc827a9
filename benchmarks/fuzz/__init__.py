"""Feeds the loader of model files with damaged and hostile ones, and uses what it lets through."""

CORPUS = "corpus"  # the folder of the start corpus
MOST_GROWTH_BYTES = 100 * 10**6  # what loading and using one file may take, above what the process held before
TOLD = "told.json"  # what the fuzzing process tells of itself
