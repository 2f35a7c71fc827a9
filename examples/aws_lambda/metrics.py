"""Writes what became of each invocation as a line in CloudWatch's Embedded Metric Format.

CloudWatch makes metrics of the lines that it finds in the log; nothing is sent from here.
"""

import json

import peakahead

UNITS = {
    "ForecastPeak": "Bytes",
    "UpperPeak": "Bytes",  # the bound that the peak is to stay below
    "MeasuredPeak": "Bytes",
    "ForecastError": "Percent",  # of the measured peak
    "AboveBound": "Count",  # 1 where the measured peak passed it
    "Refused": "Count",  # 1 where the limit would have been passed
    "TimeToForecast": "Milliseconds",  # from the invocation's beginning
    "LeadTime": "Milliseconds",  # from the forecast to the invocation's end
}


class Metrics:
    """Puts results into the log of one function.

    Attributes:
        request_id: Of the invocation that is under way; a container serves one at a time.
    """

    def __init__(self, namespace: str, function_name: str) -> None:
        self.request_id = ""
        self._namespace = namespace
        self._function_name = function_name

    def put(self, result: peakahead.Result) -> None:
        """Write a result's line; this is `predict_memory`'s `on_result`."""
        print(json.dumps(self.document(result)))

    def document(self, result: peakahead.Result) -> dict[str, object]:
        """Return a result in the Embedded Metric Format."""
        values = _values(result)
        definitions = [{"Name": name, "Unit": UNITS[name]} for name in values]
        directive = {"Namespace": self._namespace, "Dimensions": [["FunctionName"]], "Metrics": definitions}
        return {
            "_aws": {"Timestamp": int(result.ended_at * 1000), "CloudWatchMetrics": [directive]},
            "FunctionName": self._function_name,
            **values,
            # What follows is no metric: CloudWatch Logs Insights finds the line by it.
            "requestId": self.request_id,
            "breakpoint": result.breakpoint,
            "readings": result.readings,
            "extrapolating": result.extrapolating,
            "failed": result.failed,
            "baseline": result.baseline_bytes,
        }


def _values(result: peakahead.Result) -> dict[str, float]:
    values: dict[str, float] = {
        "ForecastPeak": result.peak_bytes,
        "UpperPeak": result.upper_peak_bytes,
        "Refused": int(result.failed == "PredictedMemoryExceeded"),
        "TimeToForecast": round(result.forecast_s * 1e3, 3),
        "LeadTime": round((result.duration_s - result.forecast_s) * 1e3, 3),
    }
    measured = result.measured_peak_bytes
    if measured and not result.failed:  # what failed didn't come to its peak
        values["MeasuredPeak"] = measured
        values["ForecastError"] = round(abs(result.peak_bytes - measured) / measured * 100, 3)
        values["AboveBound"] = int(measured > result.upper_peak_bytes)
    return values
