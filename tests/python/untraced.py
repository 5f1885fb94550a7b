"""A Lambda function that knows nothing of tracing."""


def handler(event, context):
    return {"order": event["order"], "request": context.aws_request_id}
