"""The running example: how much it needs depends on files that it meets only inside."""

import glob
import os
import time


def mainfunction(folder: str) -> int:
    """Count the lines of all data files in a folder, one file after the other."""
    os.chdir(folder)
    n_lines = 0
    datfiles = glob.glob("*.dat")
    for datfile in datfiles:
        tx = time.time()
        f = open(datfile)
        lines = f.readlines()
        n_lines += len(lines)
        f.close()
        print(datfile, len(lines), "lines in", time.time() - tx, "s")
    return n_lines
