"""What is known of code objects from one invocation of a process to the next.

To decode a code object takes time and memory, which the function would be taken to need. A child that runs a single
invocation does it as it goes; a process that serves many does it once.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import CodeType
from typing import Any

from ..models.fingerprints import Fingerprint
from ..models.sites import FunctionRef
from .stores import CodeStores

_MOST = 20_000  # code objects; functions that are made anew for every call must not be kept track of for ever


class _Known:
    __slots__ = ("code", "fingerprint", "is_traced", "stores")

    def __init__(self, code: CodeType, forget: Callable[[object], object], is_traced: bool) -> None:
        self.code = weakref.ref(code, forget)
        self.is_traced = is_traced
        self.stores: CodeStores | None = None
        self.fingerprint: Fingerprint | None = None


class KnownCode:
    """Remembers, by code object, whether it is traced, what it stores, and its fingerprint.

    Args:
        is_traced: Tells whether code with these globals is to be traced.
        met: Called with each that is.
    """

    def __init__(self, is_traced: Callable[[CodeType, dict[str, Any]], bool], met: Callable[[CodeType], None]) -> None:
        self._is_traced = is_traced
        self._met = met
        self._known: dict[int, _Known] = {}

    def is_traced(self, code: CodeType, namespace: dict[str, Any]) -> bool:
        known = self._known.get(id(code))
        if known is None or known.code() is not code:  # another had that id
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[id(code)] = self._meet(code, namespace)
            if known.is_traced:
                self._met(code)
        return known.is_traced

    def _meet(self, code: CodeType, namespace: dict[str, Any]) -> _Known:
        known, key = self._known, id(code)
        return _Known(code, lambda _: known.pop(key, None), self._is_traced(code, namespace))

    def stores_of(self, code: CodeType) -> CodeStores:
        known = self._known.get(id(code))
        if known is None or known.code() is not code:
            return CodeStores(code)
        if known.stores is None:
            known.stores = CodeStores(code)
        return known.stores

    def fingerprint_of(self, function: FunctionRef, code: CodeType) -> Fingerprint:
        known = self._known.get(id(code))
        if known is None or known.code() is not code:
            return Fingerprint.of(function, code)
        if known.fingerprint is None:
            known.fingerprint = Fingerprint.of(function, code)
        return known.fingerprint
