// Pages on paper: light whatever the theme, without what one clicks, everything whole, and long traces with their rows.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { browsing, findings, go, marked, told } from './browser.mjs';

const { withPage } = browsing();
/** The printed part of a landscape sheet, A4 less its margins, in CSS pixels. */
const SHEET = { width: 1046, height: 718 };
/** Rows of a trace that are printed. */
const PRINTED = 2_000;

const { range } = told;
const PAGES = [
  ['map', `${told.ordinary}/map?${range}&f=kind:server`], ['trace', `${told.ordinary}/traces/${told.trace.id}`],
  ['trace-hostile', `${told.full}/traces/${told.hostile.id}`], ['cost', `${told.ordinary}/cost?${range}`],
  ['invocations', `${told.ordinary}/invocations?${range}`], ['traces', `${told.ordinary}/traces?${range}`],
  ['function', `${told.ordinary}/functions/${encodeURIComponent(told.invocations.function)}?${range}`],
  ['containers', `${told.ordinary}/containers?${range}`], ['sql', `${told.ordinary}/sql?example=dearest-functions`],
];

before(() => mkdirSync(told.pictures, { recursive: true }));

/** What paper cannot do: scroll, be clicked, be dark. */
const unprintable = (page) => page.evaluate(() => {
  const found = [];
  const shown = [...document.querySelectorAll('body *')].filter((one) => one.checkVisibility() && !one.closest('.sr'));
  for (const one of shown) {
    const { overflowX, overflowY } = getComputedStyle(one);
    const name = `${one.tagName.toLowerCase()}.${one.className.baseVal ?? one.className}`;
    const scrolls = ['auto', 'scroll'];
    if (scrolls.includes(overflowX) && one.scrollWidth > one.clientWidth + 1) found.push(`${name} is cut at its right`);
    if (scrolls.includes(overflowY) && one.scrollHeight > one.clientHeight + 1) found.push(`${name} is cut at its foot`);
    if (one.matches('nav.nav, button, input:not([type="hidden"]), select, textarea:not([readonly])')) found.push(`${name} is a control`);
  }
  const light = (colour) => colour.match(/\d+/g).slice(0, 3).every((channel) => channel > 200);
  const { backgroundColor } = getComputedStyle(document.body);
  if (!light(backgroundColor)) found.push(`the ground is ${backgroundColor}`);
  if (light(getComputedStyle(document.querySelector('main')).color)) found.push('the ink is light');
  return found;
});

for (const [name, url] of PAGES) {
  test(`${name} on paper`, () => withPage({ colorScheme: 'dark', viewport: SHEET }, async (page) => {
    await go(page, url);
    await page.emulateMedia({ media: 'print' });
    await page.screenshot({ path: join(told.pictures, `${name}-paper.png`), fullPage: true });
    assert.deepEqual([...await unprintable(page), ...await findings(page)], []);
    if (url.includes('&f=')) assert.match(await page.locator('.bar').innerText(), /kind:server/, 'what it is of is said');
    if (url.includes(range)) assert.ok(await marked(page, 'time-range').locator('.span').isVisible(), 'the time is said');
  }));
}

test('a long trace is printed with its rows, and the screen is as before', () => withPage({}, async (page) => {
  await go(page, `${told.full}/traces/${told.large.id}?depth=all&fold=0`);
  const before = await marked(page, 'span-row').count();
  assert.ok(before <= 300, `${before} rows`);
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  await page.emulateMedia({ media: 'print' });
  const rows = page.locator('.wfg .row');
  assert.equal(await rows.count(), PRINTED);
  const tops = await rows.evaluateAll((all) => all.map((row) => row.getBoundingClientRect().top));
  assert.ok(tops.every((top, at) => at === 0 || Math.abs(top - tops[at - 1] - 24) < 1), 'one below the other');
  assert.match(await marked(page, 'printed').innerText(), /The first 2,000 of [\d,]+ rows/);
  await page.emulateMedia({ media: 'screen' });
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  await marked(page, 'printed').waitFor({ state: 'detached' });
  assert.ok(await marked(page, 'span-row').count() <= 300);
  // What the printer gets.
  const paper = await page.pdf({ preferCSSPageSize: true, printBackground: true });
  writeFileSync(join(told.pictures, 'trace-full.pdf'), paper);
  const sheets = paper.toString('latin1').match(/\/Type\s*\/Page\b/g).length;
  assert.ok(sheets >= 40, `${sheets} sheets`);
}));
