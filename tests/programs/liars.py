"""A type of the user's whose registered features raise, lie and dawdle, beside one that tells the truth."""

from __future__ import annotations

import math
import time

import peakahead


class Parcel:
    def __init__(self, size: int) -> None:
        self._hidden = (size,)

    def unpack(self) -> bytearray:
        return bytearray(self._hidden[0])


def _raises(_parcel: Parcel) -> float:
    raise RuntimeError("no reading today")


def _dawdles(parcel: Parcel) -> float:
    time.sleep(0.02)
    return float(parcel._hidden[0])


FEATURES = {
    "raises": _raises,
    "is_negative": lambda parcel: -parcel._hidden[0],
    "is_no_number": lambda _parcel: math.nan,
    "is_endless": lambda _parcel: math.inf,
    "is_a_text": lambda _parcel: "12",
    "is_huge": lambda parcel: 10**400 + parcel._hidden[0],
    "dawdles": _dawdles,
    "tells_the_truth": lambda parcel: parcel._hidden[0],
}
for _name, _read in FEATURES.items():
    peakahead.register_feature(Parcel, _name, _read)


def opens(parcel: Parcel) -> int:
    held = []
    for _ in range(6):  # so that what dawdles is given up
        latest = parcel
        held.append(latest)
    unpacked = parcel.unpack()
    return len(unpacked) + len(held)
