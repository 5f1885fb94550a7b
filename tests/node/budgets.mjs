// How large and how quick the pages of a running server are, in Chromium: bytes raw and packed, elements, first paint, layout shift; how long
// it takes until a row of a long trace is there after scrolling to it; the heap of the live page after a while.
//
//   node budgets.mjs http://127.0.0.1:4319 [MINUTES OF LIVE, 0] [RANGE, 24h]
//
// Not part of the tests: the figures are those of the machine. The longest trace of the store is the one that is scrolled.

process.env.COLDLIGHT_PAGES = JSON.stringify(Object.fromEntries(
  ['empty', 'ordinary', 'full', 'fresh', 'lively'].map((name) => [name, process.argv[2]]),
));
const { launch, open } = await import('./pages/browser.mjs');
const [server, minutes = '0', range = '24h'] = process.argv.slice(2);

const ask = async (sql) => {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${server}/api/v1/sql`, { method: 'POST', headers, body: JSON.stringify({ sql }) });
  const { columns, rows } = await answer.json();
  return (rows ?? []).map((row) => (Array.isArray(row) ? row : columns.map(({ name }) => row[name])));
};
const [[trace, spans]] = await ask('SELECT trace_id, count(*) FROM spans GROUP BY 1 ORDER BY 2 DESC LIMIT 1');
const [request] = await ask('SELECT request_id FROM invocations LIMIT 1');

const paths = [
  `/map?range=${range}`, `/traces?range=${range}`, `/traces?range=${range}&view=heat`, `/traces/${trace}`, `/traces/${trace}?view=flame`,
  `/traces/${trace}?view=table`, `/invocations?range=${range}`, ...(request ? [`/invocations/${request[0]}`] : []), `/functions?range=${range}`,
  `/cold-starts?range=${range}`, `/containers?range=${range}`, `/cost?range=${range}`, '/sql', '/live', '/alerts', '/status', '/settings', '/help',
  '/start',
];

const browser = await launch();
const { page } = await open(browser);
await page.addInitScript(() => {
  globalThis.shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shift += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
});

console.log(`longest trace ${trace}: ${spans} spans`);
console.log(`${'page'.padEnd(52)}     raw  brotli  nodes   FCP ms  load ms   shift`);
for (const path of paths) {
  const url = server + path;
  await page.goto(url, { waitUntil: 'load' });
  const measured = [];
  for (let time = 0; time < 3; time += 1) {
    await page.goto(url, { waitUntil: 'load' });
    await page.waitForTimeout(300);
    measured.push(await page.evaluate(() => ({
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
      load: performance.getEntriesByType('navigation')[0].loadEventEnd,
      raw: performance.getEntriesByType('navigation')[0].decodedBodySize,
      nodes: document.querySelectorAll('*').length,
      shift: globalThis.shift,
    })));
  }
  const middle = measured.sort((a, b) => a.paint - b.paint)[1];
  const worst = Math.max(...measured.map(({ shift }) => shift));
  // Chromium asks plain HTTP for gzip alone.
  const length = await packed(url);
  const columns = [middle.raw, length, middle.nodes, Math.round(middle.paint), Math.round(middle.load), worst.toFixed(4)];
  console.log(`${path.slice(0, 52).padEnd(52)} ${columns.map((one) => String(one).padStart(7)).join(' ')}`);
}

/** The bytes of an answer as it is sent, packed. */
async function packed(url) {
  const { request } = await import(url.startsWith('https') ? 'node:https' : 'node:http');
  return new Promise((resolve, reject) => {
    let length = 0;
    request(url, { headers: { 'accept-encoding': 'br' } }, (answer) => {
      answer.on('data', (piece) => { length += piece.length; });
      answer.on('end', () => resolve(length));
    }).on('error', reject).end();
  });
}

// Scrolling to rows that are not there yet.
await page.goto(`${server}/traces/${trace}?depth=all&fold=0`, { waitUntil: 'load' });
const rows = Number(await page.locator('[role=treegrid]').getAttribute('aria-rowcount')) - 1;
const times = [];
for (const share of [0.5, 0.99, 0.25, 0.75, 0.1, 0.9, 0.33, 0.66, 0.05, 0.8]) {
  const row = Math.floor(rows * share);
  times.push(await page.evaluate(async (row) => {
    const start = performance.now();
    scrollTo(0, document.querySelector('.wfg').getBoundingClientRect().top + scrollY + row * 24 - 300);
    while (!document.querySelector(`[aria-rowindex="${row + 2}"]`)) {
      if (performance.now() - start > 10_000) return Number.NaN;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    return performance.now() - start;
  }, row));
}
times.sort((a, b) => a - b);
console.log(`scrolling to ${times.length} of ${rows} rows: median ${Math.round(times[5])} ms, longest ${Math.round(times.at(-1))} ms`);

if (Number(minutes) > 0) {
  const session = await page.context().newCDPSession(page);
  const heap = async () => {
    await session.send('HeapProfiler.collectGarbage');
    return ((await session.send('Runtime.getHeapUsage')).usedSize / 2 ** 20).toFixed(1);
  };
  await page.goto(`${server}/live`, { waitUntil: 'load' });
  const before = await heap();
  await page.waitForTimeout(Number(minutes) * 60_000);
  const lines = await page.locator('[data-test=live-row]').count();
  const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
  console.log(`live for ${minutes} min: heap ${before} → ${await heap()} MiB, ${lines} lines, ${nodes} elements`);
}
await browser.close();
