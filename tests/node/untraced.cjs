// A Lambda function that knows nothing of tracing.

exports.handler = async (event, context) => ({ order: event.order, request: context.awsRequestId });
