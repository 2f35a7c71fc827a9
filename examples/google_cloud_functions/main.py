"""An HTTP cloud function that makes up events for a load test; how many there are, it draws at random.

So nothing of the request tells what it is about to need. Three environment variables say what peakahead does:
PEAKAHEAD_TRACES is a folder to record into, PEAKAHEAD_MODEL the model learned from that, MEMORY_LIMIT where to refuse.
"""

import hashlib
import io
import math
import os
import random
from binascii import hexlify

import flask
import functions_framework
from cloud_log import log_result

import peakahead

FEWEST, MOST = 20_000, 200_000  # events


def make_up_events(seed: int | None = None) -> dict[str, int | str]:
    """Make up a file of events, as JSON Lines, and tell of it; the same for the same seed."""
    draw = random.Random(seed)
    number = round(math.exp(draw.uniform(math.log(FEWEST), math.log(MOST))))
    file = io.BytesIO()
    file.writelines(
        b'{"event": %d, "user": %d, "payload": "%s"}\n' % (event, draw.getrandbits(20), hexlify(draw.randbytes(256)))
        for event in range(number)
    )
    content = file.getvalue()
    return {"events": number, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


if folder := os.environ.get("PEAKAHEAD_TRACES"):
    make_up_events = peakahead.record(make_up_events, folder)
elif path := os.environ.get("PEAKAHEAD_MODEL"):
    model = peakahead.load(os.path.join(os.path.dirname(__file__), path))
    peakahead.arm(model)  # in the cold start, so that no request pays for it
    predicted = peakahead.predict_memory(
        model,
        limit=os.environ.get("MEMORY_LIMIT"),
        on_result=log_result,
        results=os.environ.get("PEAKAHEAD_RESULTS"),
    )
    make_up_events = predicted(make_up_events)


@functions_framework.http
def handle(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """Answer `/?seed=7` or `/`."""
    try:
        return make_up_events(request.args.get("seed", type=int))
    except peakahead.PredictedMemoryExceeded as refusal:
        return {"error": str(refusal)}, 503
