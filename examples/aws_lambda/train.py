"""Learns how much memory an archive of orders takes: `python train.py archives/*.zip`.

Run it with the Python version of the function, so that production needn't look at the source to know it.
"""

import os
import sys

from orders import summarize

import peakahead

if __name__ == "__main__":
    if len(sys.argv) < 20:
        sys.exit("give 19 archives or more, as different in size as production's: python train.py archives/*.zip")
    model = peakahead.learn(summarize, [(os.path.abspath(path),) for path in sys.argv[1:]], jobs=-1)
    print(model)
    model.save("model.json")
