// A function for Node, of the kind that AWS's runtime client loads.

export async function handler(event, context) {
  if (event.do === 'fail') throw new RangeError('this order cannot be fulfilled');
  console.log('served', event.order);
  return {
    request: context.awsRequestId,
    left_ms: context.getRemainingTimeInMillis(),
    memory: Number(context.memoryLimitInMB),
    trace: process.env._X_AMZN_TRACE_ID,
    stream: context.logStreamName,
  };
}
