"""Training: traces invocations in children, searches for the breakpoint, exports a model.

Nothing is imported here: the children that are measured load only the tracer and the meters, never NumPy.
"""
