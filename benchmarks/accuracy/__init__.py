"""The accuracy benchmark: functions as users write them, forecast by us and by what else could size them.

`functions/` holds the functions, `cases/` how each is invoked and what truly drives its peak, `baselines.py` the
other methods, `run.py` the measuring, `figures.py` what the results come to. Nothing is imported here: a server that
measures a function imports this package on its way to it.
"""
