// A small runtime for Node that speaks Lambda's Runtime API: for handlers in a template when aws-lambda-ric is not installed.
//
// It loads `_HANDLER` (file.export, CommonJS or ES module), gives it event and context, and posts what it returns or throws. Handlers with a
// callback work too. Not here: streamed responses, and waiting for an empty event loop; AWS's own runtime client does both.

import { request } from 'node:http';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { existsSync } from 'node:fs';

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const BASE = '/2018-06-01/runtime';

function call(method, path, body, headers = {}) {
  return new Promise((done, failed) => {
    const asked = request({ host, port, method, path: BASE + path, headers }, (answer) => {
      const pieces = [];
      answer.on('data', (piece) => pieces.push(piece));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces).toString() }));
    });
    asked.on('error', failed);
    asked.end(body);
  });
}

function asError(why) {
  const error = why instanceof Error ? why : new Error(String(why));
  return JSON.stringify({ errorType: error.name, errorMessage: error.message, stackTrace: (error.stack ?? '').split('\n') });
}

/** By `require` where that can be, as Lambda's own runtime does: instrumentations that patch `require` see the handler then. */
async function loaded(file) {
  if (!file.endsWith('.mjs')) {
    try {
      return createRequire(import.meta.url)(file);
    } catch (why) {
      if (why.code !== 'ERR_REQUIRE_ESM' && !(why instanceof SyntaxError)) throw why;
    }
  }
  return import(pathToFileURL(file));
}

async function load() {
  const root = process.env.LAMBDA_TASK_ROOT;
  const handler = process.env._HANDLER;
  const dot = handler.lastIndexOf('.');
  const base = resolve(root, handler.slice(0, dot));
  const file = [base, `${base}.js`, `${base}.mjs`, `${base}.cjs`].find((path) => existsSync(path));
  if (!file) throw Object.assign(new Error(`Cannot find module '${base}'`), { name: 'Runtime.ImportModuleError' });
  const module = await loaded(file);
  const name = handler.slice(dot + 1);
  const found = module[name] ?? module.default?.[name];
  if (typeof found !== 'function') {
    throw Object.assign(new Error(`${handler} is undefined or not exported`), { name: 'Runtime.HandlerNotFound' });
  }
  return found;
}

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

function run(handler, event, context) {
  return new Promise((done, failed) => {
    const returned = handler(event, context, (error, result) => (error ? failed(error) : done(result)));
    if (typeof returned?.then === 'function') returned.then(done, failed);
    else if (returned !== undefined || handler.length < 3) done(returned);
  });
}

let handler;
try {
  handler = await load();
} catch (why) {
  console.error(why);
  await call('POST', '/init/error', asError(why), { 'Lambda-Runtime-Function-Error-Type': why.name ?? 'Error' });
  process.exit(1);
}
for (;;) {
  const next = await call('GET', '/invocation/next');
  if (next.status !== 200) process.exit(1);
  const id = next.headers['lambda-runtime-aws-request-id'];
  process.env._X_AMZN_TRACE_ID = next.headers['lambda-runtime-trace-id'];
  let posted;
  try {
    const result = await run(handler, JSON.parse(next.body), contextOf(next.headers));
    posted = await call('POST', `/invocation/${id}/response`, JSON.stringify(result ?? null));
  } catch (why) {
    console.error(why);
    posted = await call('POST', `/invocation/${id}/error`, asError(why), { 'Lambda-Runtime-Function-Error-Type': why?.name ?? 'Error' });
  }
  if (posted.status >= 500) process.exit(1);
}
