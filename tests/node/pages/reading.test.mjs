// Reading without scripts, numbers that agree with what was sent, names that stay text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browsing, go, marked, told } from './browser.mjs';

const { withPage } = browsing();

test('the list shows every trace that was sent, the map every service', () => withPage({}, async (page) => {
  await go(page, `${told.ordinary}/traces?${told.range}`);
  assert.equal(await marked(page, 'trace-row').count(), told.traces);
  await go(page, `${told.ordinary}/map?${told.range}`);
  const nodes = await marked(page, 'map-node').evaluateAll((all) => all.map((one) => one.dataset.id));
  for (const service of told.services) {
    assert.ok(nodes.some((id) => id.endsWith(service)), `${service} is not among ${nodes}`);
  }
  const rows = await marked(page, 'map-row').count();
  assert.equal(rows, nodes.length, 'the table has the same nodes');
}));

test('without scripts one comes from the map over the list to a span and its attributes', () => (
  withPage({ javaScriptEnabled: false }, async (page) => {
    await page.goto(`${told.ordinary}/map?${told.range}`);
    await marked(page, 'nav-traces').first().click();
    await page.waitForURL(/\/traces/);
    await page.goto(`${told.ordinary}/traces?${told.range}`);
    await page.locator(`[data-test="trace-row"][data-id="${told.trace.id}"] a`).first().click();
    await page.waitForURL(new RegExp(`/traces/${told.trace.id}`));
    // What is alike is folded until one asks for every span.
    await page.goto(`${told.ordinary}/traces/${told.trace.id}?fold=0`);
    assert.equal(await marked(page, 'span-row').count(), told.trace.spans);
    await page.locator('[data-test="span-row"] a[href*="span="]').nth(1).click();
    await page.waitForURL(/span=/);
    assert.equal(await marked(page, 'span-panel').count(), 1);
    await marked(page, 'tab-attributes').click();
    await page.waitForURL(/tab=attributes/);
    assert.ok(await marked(page, 'attr-row').count() > 5, 'attributes of the span and its resource');
  })
));

test('without scripts one comes from the functions to an invocation and the arithmetic of its cost', () => (
  withPage({ javaScriptEnabled: false }, async (page) => {
    await page.goto(`${told.ordinary}/functions?${told.range}`);
    assert.equal(await marked(page, 'function-row').count(), told.invocations.functions);
    await marked(page, 'function-row').filter({ hasText: told.invocations.function }).first()
      .getByRole('link', { name: told.invocations.function, exact: true }).click();
    await page.waitForURL(/\/functions\//);
    assert.ok(await marked(page, 'version-row').count() > 0);
    await page.goto(`${told.ordinary}/invocations?${told.range}`);
    assert.equal(await marked(page, 'kpi-invocations').locator('dd').getAttribute('data-count'), String(told.invocations.count));
    const rows = await marked(page, 'invocation-row').count();
    assert.equal(rows, Math.min(70, told.invocations.count));
    const priced = page.locator('[data-test="invocation-cost"][data-usd]').first();
    await priced.locator('summary').click();
    const words = await priced.innerText();
    assert.match(words, /GB × 0\.0000\d+ USD\/GB-second/);
    assert.ok(words.includes(`Exactly ${await priced.getAttribute('data-usd')} USD`));
    await page.goto(`${told.ordinary}/cold-starts?${told.range}&by=version`);
    assert.ok(await marked(page, 'cold-row').count() > 0);
  })
));

test('without scripts one asks in SQL, follows an id, and reads where a question errs', () => (
  withPage({ javaScriptEnabled: false }, async (page, wrong) => {
    await page.goto(`${told.ordinary}/sql`);
    await marked(page, 'sql-editor').fill('SELECT trace_id, spans FROM traces ORDER BY spans DESC LIMIT 3');
    await marked(page, 'sql-run').click();
    await page.waitForURL(/\/sql\?q=/);
    assert.match(await marked(page, 'sql-status').innerText(), /^Done 3 rows, /);
    await marked(page, 'sql-result').locator('tbody a').first().click();
    await page.waitForURL(/\/traces\/[0-9a-f]{32}/);
    await page.goto(`${told.ordinary}/sql`);
    await marked(page, 'sql-example').first().click();
    await page.waitForURL(/example=/);
    assert.match(await marked(page, 'sql-status').innerText(), /^Done/);
    assert.ok(await marked(page, 'sql-editor').inputValue(), 'the example stands in the editor');
    await marked(page, 'sql-editor').fill('SELECT 1,\n  servce\nFROM spans');
    await marked(page, 'sql-run').click();
    await page.waitForURL(/servce/);
    const said = await marked(page, 'sql-error').innerText();
    assert.match(said, /servce/);
    assert.match(said, /LINE 2: .*servce\n +\^/);
    // A question that cannot be asked is a bad request, and the only thing that went wrong.
    assert.ok(wrong.every((one) => one.includes('400')), String(wrong));
    wrong.length = 0;
  })
));

test('Ctrl and Enter run what stands in the editor', () => withPage({}, async (page) => {
  await go(page, `${told.ordinary}/sql`);
  await marked(page, 'sql-editor').fill('SELECT 42 AS answer');
  await marked(page, 'sql-editor').press('Control+Enter');
  await page.waitForURL(/42/);
  assert.equal(await marked(page, 'sql-result').locator('tbody td').first().innerText(), '42');
}));

test('without scripts a trace of ten thousand spans is read page by page', () => (
  withPage({ javaScriptEnabled: false }, async (page) => {
    await page.goto(`${told.full}/traces/${told.large.id}`);
    const first = await marked(page, 'span-row').count();
    assert.ok(first > 0 && first <= 300, `${first} rows in the first window`);
    await marked(page, 'next').first().click();
    await page.waitForURL(/rows=/);
    assert.ok(await marked(page, 'span-row').count() > 0);
  })
));

test('the waterfall of ten thousand spans fills as one scrolls and stays small', () => withPage({}, async (page) => {
  await go(page, `${told.full}/traces/${told.large.id}?depth=99&fold=0`);
  const rows = Number(await marked(page, 'waterfall').getAttribute('aria-rowcount'));
  assert.ok(rows > 1_000, `${rows} rows`);
  for (const share of [0.5, 1, 0.2]) {
    await page.evaluate((share) => {
      const grid = document.querySelector('[data-test="waterfall"]');
      const inside = [grid, ...grid.querySelectorAll('*')].find((one) => {
        const { overflowY } = getComputedStyle(one);
        return one.scrollHeight > one.clientHeight + 100 && ['auto', 'scroll'].includes(overflowY);
      });
      const scroller = inside ?? document.scrollingElement;
      scroller.scrollTop = scroller.scrollHeight * share;
    }, share);
    await page.waitForFunction(() => [...document.querySelectorAll('[data-test="span-row"]')].some((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return top < innerHeight && bottom > 0;
    }), undefined, { timeout: 3_000 });
  }
  const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
  assert.ok(nodes <= 4_500, `${nodes} elements`);
}));

test('search in a trace finds what windows hide', () => withPage({}, async (page) => {
  await go(page, `${told.full}/traces/${told.large.id}?q=n9876`);
  assert.match(await marked(page, 'match-count').innerText(), /^1\b/);
}));

test('hostile names are shown as they are', () => withPage({}, async (page) => {
  await go(page, `${told.full}/traces/${told.hostile.id}`);
  assert.equal(await marked(page, 'span-row').count(), told.hostile.spans);
  const text = await page.locator('body').innerText();
  assert.ok(text.includes(told.hostile.texts[0]), 'the name is shown as it is');
}));

test('pages keep within their budget', () => withPage({}, async (page) => {
  const limits = [
    [`${told.ordinary}/map?${told.range}`, 150, 1_500], [`${told.ordinary}/traces?${told.range}`, 150, 3_500],
    [`${told.full}/traces/${told.large.id}`, 160, 4_500], [`${told.empty}/start`, 150, 1_500],
  ];
  for (const [url, kilobytes, elements] of limits) {
    const body = await (await go(page, url)).body();
    assert.ok(body.length <= kilobytes * 1024, `${url}: ${body.length} bytes`);
    const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
    assert.ok(nodes <= elements, `${url}: ${nodes} elements`);
  }
}));

test('the first span is announced on the start page while it is open', () => withPage({}, async (page) => {
  await go(page, `${told.fresh}/start`);
  assert.equal(await marked(page, 'first-span').getAttribute('data-arrived'), null);
  // Another tab sends; this one only looks on.
  const sample = await page.context().newPage();
  await go(sample, `${told.fresh}/start`);
  await marked(sample, 'send-sample').click();
  await sample.waitForLoadState();
  await page.locator('[data-test="first-span"][data-arrived]').waitFor({ timeout: 5_000 });
  const link = page.locator('[data-test="first-span"] a[href^="/traces/"]').first();
  assert.match(await link.getAttribute('href'), /^\/traces\/[0-9a-f]{32}/);
}));
