// Ten questions of a user, each from the map to its answer: in how many clicks, and how long the pages on the way took.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, marked, open, told } from './browser.mjs';

let browser;
const table = [];
before(async () => { browser = await launch(); });
after(async () => {
  await browser?.close();
  const width = Math.max(...table.map(({ question }) => question.length));
  console.log(`\n${'question'.padEnd(width)}  clicks  ms of each page on the way`);
  for (const { question, clicks, pages } of table) {
    console.log(`${question.padEnd(width)}  ${String(clicks).padStart(6)}  ${pages.map((ms) => Math.round(ms)).join(' ')}`);
  }
});

/** One user with one question. A click, a key that submits and a word typed into a field are one action each. */
class Visit {
  clicks = 0;
  pages = [];

  constructor(page) {
    this.page = page;
  }

  /** An action that leads to another view: waits until it is there. */
  async go(action) {
    const [from, start] = [this.page.url(), performance.now()];
    await action();
    await this.page.waitForURL((url) => url.href !== from);
    await this.page.waitForLoadState('load');
    this.pages.push(performance.now() - start);
    this.clicks += 1;
  }

  /** An action that stays where it is. */
  async press(action) {
    await action();
    this.clicks += 1;
  }

  click(locator) {
    return this.go(() => locator.first().click());
  }

  async lastDay() {
    await this.press(() => marked(this.page, 'time-range').locator('summary').click());
    await this.click(this.page.locator('.presets a', { hasText: '24' }));
  }

  /** Types into the filter line, and sends it. */
  async filter(words) {
    const line = this.page.locator('[data-filter-input]');
    await this.press(() => line.fill(words));
    await this.go(() => line.press('Enter'));
  }
}

function asks(question, most, story) {
  test(question, async () => {
    const { page, wrong, close } = await open(browser);
    try {
      await page.goto(`${told.shop}/map`, { waitUntil: 'load' });
      const visit = new Visit(page);
      await story(visit, page);
      assert.ok(visit.clicks <= most, `${visit.clicks} clicks, not ${most}`);
      assert.deepEqual(wrong, []);
      table.push({ question, clicks: visit.clicks, pages: visit.pages });
    } finally {
      await close();
    }
  });
}

const usd = (text) => Number(text.replace(/[^0-9.e-]/g, ''));

asks('which version made checkout dearer since yesterday?', 5, async (visit, page) => {
  await visit.lastDay();
  await visit.click(marked(page, 'nav-functions'));
  await visit.click(marked(page, 'function-row').locator('a', { hasText: 'checkout' }));
  const rows = await marked(page, 'version-row').evaluateAll((all) => (
    all.map((row) => ({ version: row.cells[0].innerText.trim(), million: row.cells[10].innerText }))
  ));
  assert.deepEqual(rows.map(({ version }) => version), ['8', '7'], 'newest first');
  const [dear, cheap] = rows.map(({ million }) => usd(million));
  assert.ok(dear > 2.5 * cheap, JSON.stringify(rows));
});

asks('what did customer 42 cost us today?', 5, async (visit, page) => {
  await visit.lastDay();
  await visit.click(marked(page, 'nav-cost'));
  await visit.click(page.locator('nav[aria-label="Group by"] a[href*="group=tenant"]'));
  const row = marked(page, 'cost-row').filter({ hasText: 'customer-42' });
  const exact = await row.locator('td [title^="$"]').first().getAttribute('title');
  assert.equal(usd(exact), usd(told.customer42), `${exact} is not ${told.customer42}`);
});

asks('why was this request slow?', 5, async (visit, page) => {
  await visit.click(page.locator('[data-test="map-row"][data-id$=":checkout"] a'));
  await visit.click(page.locator('[data-test="inspector"] .links a', { hasText: 'Slowest traces' }));
  await visit.click(marked(page, 'trace-row').locator('a.svc'));
  assert.ok(page.url().includes(told.slow.trace), page.url());
  await visit.click(marked(page, 'views').locator('a', { hasText: 'Table' }));
  const first = page.locator('main table tbody tr').first();
  assert.ok((await first.innerText()).includes(told.slow.operation), await first.innerText());
});

asks('which function should get more memory?', 6, async (visit, page) => {
  await visit.lastDay();
  await visit.click(marked(page, 'nav-cost'));
  await visit.click(page.locator('.bar a', { hasText: 'Right size' }));
  await visit.press(() => page.locator('#fn').selectOption('thumbnail'));
  await visit.click(marked(page, 'function-choice').locator('button'));
  const verdict = await marked(page, 'insight').first().innerText();
  assert.match(verdict, /1,?024 MB/);
  const taken = marked(page, 'size-row').filter({ hasText: 'cheapest' });
  assert.match(await taken.innerText(), /1,?024 MB/);
});

asks('which invocations timed out, and where did they hang?', 6, async (visit, page) => {
  await visit.lastDay();
  await visit.click(marked(page, 'nav-invocations'));
  await visit.filter('outcome:timeout');
  assert.equal(await marked(page, 'invocation-row').count(), told.timeouts);
  await visit.click(marked(page, 'invocation-row').locator('td.mono a'));
  assert.match(await marked(page, 'stopped').innerText(), /speech was stopped \(timeout\)/);
  // The last thing it did; behind that nothing ended until the three seconds were over.
  assert.match(await page.locator('#wf').innerText(), /Polly\.SynthesizeSpeech/);
});

asks('whom do we turn away?', 3, async (visit, page) => {
  await visit.lastDay();
  await visit.click(page.locator('[data-test="map-row"][data-id$=":checkout"] a'));
  const inspector = marked(page, 'inspector').filter({ has: page.locator('h2', { hasText: 'checkout' }) });
  assert.match(await inspector.innerText(), /Called by[^]*shopfront[^]*100% 429/);
});

asks('which function starts cold longest?', 3, async (visit, page) => {
  await visit.lastDay();
  await visit.click(marked(page, 'nav-cold-starts'));
  const longest = marked(page, 'invocation-row').first();
  assert.match(await longest.innerText(), /checkout[\s\S]*310 ms/);
});

asks('a customer calls about an order: what happened to it?', 5, async (visit, page) => {
  await visit.click(marked(page, 'nav-traces'));
  await visit.press(() => marked(page, 'time-range').locator('summary').click());
  await visit.click(page.locator('.presets a', { hasText: '24' }));
  await visit.filter(`attr.order.id:${told.complaint.order}`);
  const rows = marked(page, 'trace-row');
  assert.equal(await rows.count(), 1);
  assert.equal(await rows.first().getAttribute('data-id'), told.complaint.trace);
});

asks('what became of the request id in this log line?', 2, async (visit, page) => {
  const search = marked(page, 'global-search');
  await visit.press(() => search.fill(told.timedOut));
  await visit.go(() => search.press('Enter'));
  const attempt = await marked(page, 'attempt').innerText();
  assert.match(attempt, /timeout/);
  assert.match(attempt, /3,?000 ms/);
});

asks('which queue is filling, and since when?', 3, async (visit, page) => {
  await visit.lastDay();
  const queue = marked(page, 'queue-row').first();
  assert.match(await queue.innerText(), /parcels[^]*waits grow/);
  await visit.click(queue.locator('[data-test="queue-course"]'));
  assert.equal(await marked(page, 'sql-chart').count(), 1, 'the waits are drawn');
  // By when they were sent, in quarters of an hour.
  const rows = await marked(page, 'sql-result').locator('tbody tr').evaluateAll((all) => all.map((row) => row.innerText.split('\t')));
  const [since] = rows.find(([, waited]) => Number(waited) > 10);
  const late = (Date.parse(`${since.replace(' ', 'T')}Z`) - told.waitsSince) / 60_000;
  assert.ok(late > -15 && late < 30, `${late} minutes after they began to wait`);
});
