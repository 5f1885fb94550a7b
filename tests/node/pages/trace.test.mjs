// The debugger by keyboard and without scripts: folds, problems and their cause, two traces side by side, a trace from a file.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browsing, go, marked, told } from './browser.mjs';

const { withPage, both } = browsing();

const trace = `${told.full}/traces/${told.loop.id}`;
const rows = (page) => page.locator('.wfg .row').count();
/** The row that has the focus, by its place. */
const focused = (page) => page.evaluate(() => Number(document.activeElement.closest('.row')?.getAttribute('aria-rowindex') ?? 0) - 1);
const until = (page, holds, argument) => page.waitForFunction(holds, argument, { timeout: 10_000 });
const parameter = (page, name) => new URL(page.url()).searchParams.get(name);
const untilParameter = (page, name, value) => (
  until(page, ([name, value]) => new URL(location.href).searchParams.get(name) === value, [name, value])
);

test('every key of the waterfall does what the help says', () => withPage({}, async (page) => {
  await go(page, trace);
  const folded = await rows(page);
  assert.equal(folded, told.loop.folded);
  // j and k move, and the focus is the row.
  await page.keyboard.press('j');
  assert.equal(await focused(page), 1);
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  assert.equal(await focused(page), 1);
  await page.keyboard.press('ArrowDown');
  assert.equal(await focused(page), 2);
  await page.keyboard.press('ArrowUp');
  assert.equal(await focused(page), 1);
  // → opens the fold, ← from inside leads back to it and closes it.
  await marked(page, 'fold').focus();
  await page.keyboard.press('ArrowRight');
  await until(page, (count) => document.querySelectorAll('.wfg .row').length === count, folded + told.loop.similar);
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-level')), '3');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.test), 'fold');
  await page.keyboard.press('ArrowLeft');
  await until(page, (count) => document.querySelectorAll('.wfg .row').length === count, folded);
  // Enter shows, Esc returns.
  await page.keyboard.press('Enter');
  await until(page, () => document.activeElement.id === 'panel' && document.querySelector('[data-test="fold-facts"]'));
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.test), 'fold');
  // e and E go through problems.
  await page.keyboard.press('e');
  assert.match(await page.evaluate(() => document.activeElement.className), / fault/);
  const first = await focused(page);
  await page.keyboard.press('e');
  assert.notEqual(await focused(page), first);
  await page.keyboard.press('E');
  assert.equal(await focused(page), first);
  // Zoom, move, and back.
  await page.keyboard.press('+');
  await until(page, () => new URL(location.href).searchParams.has('t'));
  const zoomed = parameter(page, 't');
  await page.keyboard.press('d');
  await until(page, (before) => new URL(location.href).searchParams.get('t') !== before, zoomed);
  await page.keyboard.press('a');
  await page.keyboard.press('-');
  await page.keyboard.press('0');
  await untilParameter(page, 't', null);
  await page.keyboard.press('z');
  await until(page, () => new URL(location.href).searchParams.has('t'));
  await page.keyboard.press('0');
  await untilParameter(page, 't', null);
  // The critical path, levels, names.
  await page.keyboard.press('p');
  await until(page, () => new URL(location.href).searchParams.has('cp'));
  // Esc leaves nothing selected: what is, stays in sight at every level.
  await page.keyboard.press('Escape');
  await untilParameter(page, 'span', null);
  await page.keyboard.press('1');
  await until(page, () => document.querySelectorAll('.wfg .row').length === 1);
  await page.keyboard.press('*');
  await until(page, (count) => document.querySelectorAll('.wfg .row').length === count, folded);
  const width = () => page.evaluate(() => document.querySelector('.nmc').offsetWidth);
  const before = await width();
  await page.keyboard.press('[');
  assert.ok(await width() < before);
  await page.keyboard.press(']');
  assert.equal(await width(), before);
  // Find, and go from match to match.
  await page.keyboard.press('f');
  await until(page, () => document.activeElement.dataset.test === 'span-search');
  await page.keyboard.type('item-');
  await page.keyboard.press('Enter');
  await until(page, () => document.querySelector('[data-test="match-count"]')?.textContent.startsWith('12'));
  await until(page, () => document.activeElement.matches('.row.hit'));
  const match = await focused(page);
  await page.keyboard.press('n');
  assert.equal(await focused(page), match + 1);
  await page.keyboard.press('N');
  assert.equal(await focused(page), match);
  await marked(page, 'only-matches').click();
  await until(page, () => [...document.querySelectorAll('.wfg .row')].every((row) => row.matches('.hit, .dim')));
  // The help lists the keys, and the next view is a visit.
  await page.keyboard.press('?');
  assert.ok(await page.locator('details.help[open]').count());
  await page.keyboard.press('Escape');
  for (const view of ['flame', 'map', 'table', 'logs', null]) {
    await page.keyboard.press('v');
    await page.waitForURL((address) => address.searchParams.get('view') === view);
  }
}));

test('without scripts the header leads from the failure to its cause, and folds open', () => (
  withPage({ javaScriptEnabled: false }, async (page) => {
    await page.goto(trace);
    const cause = marked(page, 'root-cause');
    assert.match(await cause.innerText(), /charge.*CardDeclined.*2 levels down/s);
    await cause.locator('a').click();
    await page.waitForURL(/span=/);
    assert.match(await marked(page, 'span-panel').innerText(), /CardDeclined/);
    assert.match(await marked(page, 'span-panel').innerText(), /Among its like/);
    await page.goto(trace);
    await marked(page, 'fold').locator('a.tw').click();
    await page.waitForURL(/o=/);
    assert.equal(await rows(page), told.loop.folded + told.loop.similar);
    await page.goto(`${trace}?fold=0`);
    assert.equal(await rows(page), told.loop.folded - 1 + told.loop.similar);
    await page.goto(`${trace}?span=${told.loop.failed}&tab=raw`);
    assert.match(await marked(page, 'raw-span').innerText(), /"traceId": "[0-9a-f]{32}"/);
  })
));

test('without scripts a trace is a map and a log whose lines lead to their spans', () => (
  withPage({ javaScriptEnabled: false }, async (page) => {
    await page.goto(`${trace}?view=map`);
    assert.equal(await marked(page, 'map-node').count(), 3, 'two services and a table');
    const calls = await marked(page, 'trace-map-table').innerText();
    assert.match(calls, /orders\s+sync\s+12/);
    await page.goto(`${trace}?view=logs`);
    const line = marked(page, 'log-row').filter({ hasText: 'card refused' });
    assert.match(await line.innerText(), /exception/);
    await line.locator('a').first().click();
    await page.waitForURL(/span=/);
    assert.match(await marked(page, 'span-panel').innerText(), /charge/);
  })
));

both('two ticked traces are compared, what changed stands out, and the other way round it is less', async (page) => {
  await page.goto(`${told.full}/traces?range=1h&f=service:shop`);
  for (const id of [told.loop.id, told.loop.other]) {
    await page.locator(`[data-test="trace-row"][data-id="${id}"] [data-test="trace-pick"]`).check();
  }
  await marked(page, 'compare-picked').click();
  await page.waitForURL(/\/compare\?t=/);
  const all = await marked(page, 'compare-row').count();
  assert.match(await marked(page, 'compare-finding').innerText(), /B took .* (longer|less) than A /);
  const loop = marked(page, 'compare-row').filter({ hasText: 'GetItem' });
  assert.match(await loop.innerText(), /12×/);
  assert.equal(await loop.count(), 1, 'a loop is one row');
  const more = Number(await loop.locator('[data-ns]').getAttribute('data-ns'));
  assert.notEqual(more, 0);
  await marked(page, 'compare-swap').click();
  await page.waitForURL(/[?&]a=/);
  assert.equal(Number(await loop.locator('[data-ns]').getAttribute('data-ns')), -more);
  await marked(page, 'compare-switches').getByText('Only changed').click();
  await page.waitForURL(/only=changed/);
  assert.ok(await marked(page, 'compare-row').count() < all);
  await marked(page, 'compare-switches').getByText('Share').click();
  await page.waitForURL(/norm=share/);
  assert.match(await loop.innerText(), /%/);
  await page.goto(`${told.full}/compare?a=${told.loop.id}`);
  await marked(page, 'compare-with').getByText('The typical one').click();
  await page.waitForURL(/b=/);
  assert.equal(await marked(page, 'compare-side').count(), 2);
});

test('without scripts a downloaded trace comes back from its file, elsewhere', () => (
  withPage({ javaScriptEnabled: false }, async (page) => {
    const file = await (await page.request.get(`${trace}/otlp.json`)).text();
    // Another trace, or it would be a repeat.
    const id = told.loop.id.split('').reverse().join('');
    await page.goto(`${told.ordinary}/traces`);
    const buffer = Buffer.from(file.replaceAll(told.loop.id, id));
    await marked(page, 'upload').locator('input').setInputFiles({ name: 'trace.json', mimeType: 'application/json', buffer });
    await marked(page, 'upload').getByText('Open it').click();
    await page.waitForURL(new RegExp(`/traces/${id}`));
    assert.equal(await rows(page), told.loop.folded);
  })
));

test('a row far down a long trace is there within a moment of scrolling to it', () => withPage({}, async (page) => {
  await go(page, `${told.full}/traces/${told.large.id}?depth=all&fold=0`);
  const all = Number(await marked(page, 'waterfall').getAttribute('aria-rowcount')) - 1;
  for (const row of [Math.floor(all / 2), all - 1, 300]) {
    await page.evaluate((row) => scrollTo(0, document.querySelector('.wfg').getBoundingClientRect().top + scrollY + row * 24 - 300), row);
    await until(page, (row) => document.querySelector(`[aria-rowindex="${row + 2}"]`), row);
  }
}));

test('a zoom that is asked for while rows are on their way stays', () => withPage({}, async (page) => {
  await go(page, trace);
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route('**/traces/**', async (route) => {
    if (route.request().headers()['x-fragment']) await held;
    await route.continue();
  });
  await marked(page, 'fold').locator('a.tw').click();
  await page.keyboard.press('z');
  await until(page, () => new URL(location.href).searchParams.has('t'));
  const zoomed = parameter(page, 't');
  release();
  await until(page, (count) => document.querySelectorAll('.wfg .row').length === count, told.loop.folded + told.loop.similar);
  assert.equal(parameter(page, 't'), zoomed);
  assert.ok(Number(await page.evaluate(() => document.querySelector('.wfg').style.getPropertyValue('--zk'))) > 1.1, 'it is drawn so');
}));
