"""A function on awslambdaric, AWS's own runtime client for Python."""

import os


def handler(event, context):
    if event.get("do") == "fail":
        raise ValueError("this order cannot be fulfilled")
    print("served", event.get("order"))
    return {
        "request": context.aws_request_id,
        "left_ms": context.get_remaining_time_in_millis(),
        "memory": int(context.memory_limit_in_mb),
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
        "stream": context.log_stream_name,
    }
