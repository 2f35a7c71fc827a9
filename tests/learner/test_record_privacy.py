"""What a recording writes holds numbers and names that code spells, and nothing of the user's."""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import string
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import peakahead
from peakahead.learner.trace_folder import TraceFolder
from peakahead.learner.traces import Trace, read_trace
from peakahead.models.readings import read_all
from tests.learner.test_record import counts
from tests.programs import private

pytestmark = pytest.mark.usefixtures("quick_collections")

# Long and rare enough not to be in a trace by chance, and an attribute's name: so it may stand in every place.
SECRETS = st.text(string.ascii_lowercase, min_size=9, max_size=9).map(lambda text: f"q{text}jx")
# Also with an ending that no code has: Hypothesis draws words that the tests spell, which a trace may name.
OTHER_TEXTS = st.text(min_size=1, max_size=58).map(lambda text: f"{text}jx")


def written(folder: Path) -> bytes:
    return b"".join(path.name.encode() + path.read_bytes() for path in folder.iterdir())


def one_trace(folder: Path) -> Trace:
    (file,), _ = TraceFolder(folder).files()
    return read_trace(Path(file.path).read_bytes())


def nested(secret: str, text: str) -> Any:
    return {secret: [{secret: text}, text], text: {"n": 1, secret: {text: secret}}, "kind": {"deep": {secret: 2}}}


def forms(text: str) -> list[bytes]:
    """Return how a text could stand in a file: as it is, escaped as JSON, in other encodings."""
    escaped = "".join(char if ord(char) < 128 else f"\\u{ord(char):04x}" for char in text)
    return [text.encode("utf-8", "surrogatepass"), escaped.encode(), text.encode("utf-16-le", "surrogatepass")]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SECRETS, OTHER_TEXTS)
def test_no_secret_of_the_arguments_or_variables_is_in_a_file(secret: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "traces"
        place = Path(work) / f"{secret}s"
        place.mkdir()
        handles = peakahead.record(private.handles, folder)
        raises = peakahead.record(private.raises, folder)

        assert secret in handles(secret, nested(secret, text), str(place), **{secret: 1, "known": text})
        with pytest.raises(KeyError):
            raises(secret)

        assert (counts(handles), counts(raises)) == ({"recorded": 1}, {"raised": 1})
        content = written(folder)
        assert len(content) > 10_000  # there is something to look through
        for form in forms(secret):
            assert form not in content
        if len(text) >= 8:  # a shorter one may be there by chance
            for form in forms(text):
                assert form not in content
        for fact in (work, str(Path.home()), os.environ.get("USER", "") or work):
            assert len(fact) < 5 or fact.encode() not in content


def test_the_same_secrets_are_found_where_nothing_is_kept_from_showing(tmp_path: Path) -> None:
    """So that the test above is one that can fail."""
    secret = "qabcdefghijx"
    (tmp_path / "data").mkdir()
    handles = peakahead.record(private.handles, tmp_path / "traces", categories=True)
    handles(secret, nested(secret, "text"), str(tmp_path / "data"))
    assert written(tmp_path / "traces").count(secret.encode()) > 10
    assert secret in str(read_all({secret: 1}))


def test_what_code_names_is_there(tmp_path: Path) -> None:
    wrapped = peakahead.record(private.keeps_what_it_names, tmp_path)
    free, item, option = (
        "".join(["of ", "the ", place]) for place in ("object", "event", "options")
    )  # spelled nowhere
    event = {"n": 5, "kind": "wide", item: 8}
    wrapped(event, argparse.Namespace(count=2, **{option: 3}), private.Free({free: 1}))

    paths = {
        (site.variable, *(step.name for step in path), feature)
        for site, hits in one_trace(tmp_path).hits.items()
        for path, feature in hits.columns
        if path
    }
    assert paths >= {
        ("event", "n", "value"),
        ("event", "kind", "len"),
        ("event", "kind", "digest"),
        ("options", "count", "value"),
        ("free", "known", "value"),
    }
    assert not [path for path in paths if path[1] in (free, item, option)]
    assert ("event", "kind", "text") not in paths


def test_short_texts_are_there_where_they_are_allowed(tmp_path: Path) -> None:
    wrapped = peakahead.record(private.digests, tmp_path, categories=True)
    wrapped("wide", 5)
    (hits,) = [hits for site, hits in one_trace(tmp_path).hits.items() if site.variable == "kind"]
    assert hits.levels[(), "text"] == ("wide",)
    assert ((), "digest") not in hits.columns


def test_else_their_digests_are_and_production_reads_them(tmp_path: Path) -> None:
    wrapped = peakahead.record(private.digests, tmp_path)
    generator = random.Random(4)
    for _ in range(30):
        wrapped(generator.choice(["wide", "narrow"]), generator.randrange(2_000_000, 50_000_000))

    model = peakahead.fit(tmp_path)

    stage = model.stages[-1]
    assert "digest(kind)" in [str(reading) for reading in stage.readings], str(model)
    levels = {hashlib.sha256(text.encode()).hexdigest()[:12] for text in ("wide", "narrow")}
    assert levels in [set(seen) for seen in stage.seen if isinstance(seen, frozenset)]
    path = tmp_path / "model.json"
    model.save(path)
    forecasts = {}
    for kind in ("wide", "narrow"):
        with peakahead.predict_memory(again := peakahead.load(path)) as run:
            private.digests(kind, 30_000_000)
        forecasts[kind] = run.forecast.growth_bytes
        assert not run.forecast.extrapolating
        peakahead.disarm(again)
    assert forecasts["wide"] / forecasts["narrow"] == pytest.approx(3.0, rel=0.1)


def test_a_long_text_has_no_digest_and_training_takes_none() -> None:
    from peakahead.models.features import readers_for

    digest = readers_for(str)["digest"]
    assert digest("") == hashlib.sha256(b"").hexdigest()[:12]
    assert digest("x" * 40) is not None
    assert digest("x" * 41) is None
    assert digest("\ud800") == hashlib.sha256(b"\xed\xa0\x80").hexdigest()[:12]
    assert "digest" not in [feature for _, feature, _ in read_all("short")]
