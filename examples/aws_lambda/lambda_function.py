"""The Lambda function: its memory is forecast as soon as the archive is open, and what won't fit is refused there."""

import os
from urllib.parse import unquote_plus

from metrics import Metrics
from orders import summarize

import peakahead

FOLDER = os.environ["ORDERS_FOLDER"]  # where the file system with the archives is mounted
MEMORY_MIB = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
# What the sandbox holds beside this process; "Max Memory Used" of the report line, less MeasuredPeak, tells how much.
HEADROOM_MIB = 16

# The init phase, which each container pays once.
_model_file = os.path.join(os.path.dirname(os.path.abspath(__file__)), "model.json")
_model = peakahead.load(_model_file)
_metrics = Metrics("Orders", os.environ["AWS_LAMBDA_FUNCTION_NAME"])
_predict = peakahead.predict_memory(
    _model,
    limit=f"{MEMORY_MIB - HEADROOM_MIB}MiB",
    on_result=_metrics.put,
    results=os.environ.get("RESULTS_FOLDER"),  # on a mounted file system, for `peakahead watch`
)
# Last, since forecasts count from what the process holds now. What was prepared is armed without importing `bytecode`.
peakahead.arm(_model, prepared=_model_file)


def handler(event, context):
    """Sum the archive that an S3 event names; each invocation's forecast and measured peak go to the log."""
    key = unquote_plus(event["Records"][0]["s3"]["object"]["key"])
    _metrics.request_id = context.aws_request_id
    with _predict:
        return summarize(os.path.join(FOLDER, key))
