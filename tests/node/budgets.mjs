// How large and how quick the pages of a running server are, in Chromium, each beside its limit. `coldlight-budgets` starts this over a
// store that it filled. Not part of the tests: the figures are those of the machine.

import { request } from 'node:http';

const { server, middle, long, spans, minutes } = JSON.parse(process.env.COLDLIGHT_BUDGETS);
process.env.COLDLIGHT_PAGES = JSON.stringify({ server });
const { launch, open } = await import('./pages/browser.mjs');

const range = 'range=24h';
const over = [];
/** A figure as it is printed, marked where it is above its limit. */
function held(what, value, limit, width = 8, text = String(Math.round(value))) {
  const isOver = !(value <= limit);
  if (isOver) over.push(`${what}: ${text}, not ${limit}`);
  return `${text}${isOver ? '!' : ' '}`.padStart(width);
}

/** Until the first byte of an answer, until `mark` was in it, until its end, in ms; its bytes as they are sent. */
function fetched(path, { encoding = 'identity', mark = '' } = {}) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const since = () => performance.now() - start;
    const headers = { accept: 'text/html', 'accept-encoding': encoding };
    request(server + path, { headers }, (answer) => {
      const told = { first: since(), marked: Number.NaN, bytes: 0, status: answer.statusCode };
      let tail = '';
      answer.on('data', (piece) => {
        told.bytes += piece.length;
        if (!mark || !Number.isNaN(told.marked)) return;
        tail += piece;
        if (tail.includes(mark)) told.marked = since();
        tail = tail.slice(-mark.length);
      });
      answer.on('end', () => resolve({ ...told, all: since() }));
    }).on('error', reject).end();
  });
}
const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[values.length >> 1];

// The long trace first: nothing of it is in memory yet.
const cold = await fetched(`/traces/${long}`, { mark: 'data-test="span-row"' });
console.log(`trace of ${spans} spans, never read before: first byte ${Math.round(cold.first)} ms, first window ${held('first window, cold', cold.marked, 300, 0)}ms`);
const windows = [];
for (let at = 1; at <= 40; at += 1) {
  const row = Math.floor((spans / 41) * at / 100) * 100;
  windows.push((await fetched(`/traces/${long}/rows?depth=all&fold=0&row=${row}&count=100`)).all);
}
const [anew, ...known] = windows;
console.log(`its rows in another order of levels ${Math.round(anew)} ms, 39 more windows: median ${held('next windows', median(known), 30, 0)}ms, longest ${Math.round(Math.max(...known))} ms`);

const lists = { raw: 150, packed: 25, nodes: 3_500, server: 300, paint: 300 };
const traces = { raw: 160, packed: 25, nodes: 4_500, server: 200, paint: 500 };
const few = { ...lists, nodes: 1_500 };
const first = async (path, pattern) => (await (await fetch(server + path)).text()).match(pattern)?.[1].replaceAll(/&#38;|&amp;/g, '&');
const fun = await first(`/functions?${range}`, /href="(\/functions\/[^"?]+)/);
const inv = await first(`/invocations?${range}`, /href="(\/invocations\/[^"?]+)/);
const node = await first(`/map?${range}`, /href="(\/map\?[^"]*sel=[^"]*)"/);
const pages = [
  [`/map?${range}`, few], [node, few], [`/traces?${range}`, lists], [`/traces?${range}&view=heat`, lists],
  [`/traces/${middle}`, traces], [`/traces/${long}`, traces], [`/traces/${long}?view=flame`, traces], [`/traces/${long}?view=map`, traces],
  [`/traces/${long}?view=table`, traces], [`/invocations?${range}`, lists], [inv, lists], [`/functions?${range}`, lists],
  [fun && `${fun}?${range}`, lists], [`/cold-starts?${range}`, lists], [`/containers?${range}`, lists], [`/cost?${range}`, few],
  ['/cost/what-if', lists], ['/cost/right-size', lists], ['/sql', lists], ['/live', lists], ['/alerts', lists], ['/status', lists],
  ['/settings', lists], ['/help', lists], ['/start', lists], [`/compare?a=${middle}`, lists],
];

const browser = await launch();
const { page } = await open(browser);
await page.addInitScript(() => {
  globalThis.shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shift += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
});

console.log(`\n${'page'.padEnd(58)} raw KiB  br KiB elements server ms paint ms    shift`);
for (const [path, limit] of pages.filter(([path]) => path)) {
  const times = [];
  for (let time = 0; time < 3; time += 1) times.push((await fetched(path)).all);
  const packed = await fetched(path, { encoding: 'br' });
  const measured = [];
  for (let time = 0; time < 3; time += 1) {
    await page.goto(server + path, { waitUntil: 'load' });
    await page.waitForTimeout(300);
    measured.push(await page.evaluate(() => ({
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
      raw: performance.getEntriesByType('navigation')[0].decodedBodySize,
      nodes: document.querySelectorAll('*').length,
      shift: globalThis.shift,
    })));
  }
  const most = (name) => Math.max(...measured.map((one) => one[name]));
  const name = path.replace(long, `LONG`).replace(middle, 'MIDDLE').slice(0, 57);
  console.log([
    name.padEnd(57),
    held(`${name} raw`, most('raw') / 1024, limit.raw), held(`${name} packed`, packed.bytes / 1024, limit.packed),
    held(`${name} elements`, most('nodes'), limit.nodes), held(`${name} server`, median(times), limit.server, 9),
    held(`${name} paint`, median(measured.map(({ paint }) => paint)), limit.paint),
    held(`${name} shift`, most('shift'), 0.02, 8, most('shift').toFixed(4)),
  ].join(' '));
}

// Scrolling to rows that are not there yet.
await page.goto(`${server}/traces/${long}?depth=all&fold=0`, { waitUntil: 'load' });
const rows = Number(await page.locator('[role=treegrid]').getAttribute('aria-rowcount')) - 1;
const times = [];
for (const share of [0.5, 0.99, 0.25, 0.75, 0.1, 0.9, 0.33, 0.66, 0.05, 0.8]) {
  times.push(await page.evaluate(async (row) => {
    const start = performance.now();
    scrollTo(0, document.querySelector('.wfg').getBoundingClientRect().top + scrollY + row * 24 - 300);
    while (!document.querySelector(`[aria-rowindex="${row + 2}"]`)) {
      if (performance.now() - start > 10_000) return Number.NaN;
      await new Promise((resolve) => { requestAnimationFrame(resolve); });
    }
    return performance.now() - start;
  }, Math.floor(rows * share)));
}
const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
console.log(`\nscrolling to 10 of ${rows} rows: median ${held('scrolling', median(times), 150, 0)}ms, longest ${Math.round(Math.max(...times))} ms, then ${held('elements', nodes, traces.nodes, 0)}elements`);

if (minutes > 0) {
  const session = await page.context().newCDPSession(page);
  const heap = async () => {
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize / 2 ** 20;
  };
  await page.goto(`${server}/live`, { waitUntil: 'load' });
  await page.waitForTimeout(5_000);
  const before = await heap();
  const end = performance.now() + minutes * 60_000;
  let sent = 0;
  while (performance.now() < end) {
    sent += await arrive(20);
    await page.waitForTimeout(200);
  }
  const after = await heap();
  const lines = await page.locator('[data-test=live-row]').count();
  const elements = await page.evaluate(() => document.querySelectorAll('*').length);
  console.log(`live for ${minutes} min, ${sent} lines sent: heap ${before.toFixed(1)} MiB, then ${held('heap of the live page', after, before + 10, 0, after.toFixed(1))}MiB; ${held('lines of the live page', lines, 500, 0)}lines, ${elements} elements`);
}
await browser.close();

/** So many root spans, as one request. */
async function arrive(count) {
  const now = BigInt(Date.now()) * 1_000_000n;
  const hex = (length) => Array.from({ length }, () => Math.floor(Math.random() * 16).toString(16)).join('');
  const some = Array.from({ length: count }, (_, at) => ({
    traceId: hex(32), spanId: hex(16), name: `GET /${at}`, kind: 2,
    startTimeUnixNano: String(now - 5_000_000n), endTimeUnixNano: String(now + BigInt(at)),
  }));
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'watched' } }] };
  const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: some }] }] });
  const answer = await fetch(`${server}/traces/upload`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body, redirect: 'manual',
  });
  if (answer.status !== 303) throw new Error(await answer.text());
  return count;
}

console.log(over.length ? `\nover the limit:\n  ${over.join('\n  ')}` : '\nall within their limits');
process.exitCode = over.length ? 1 : 0;
