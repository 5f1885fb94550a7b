// A map of more services than can be drawn: it stands together in groups, opens one at a time, and stays light and legible.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browsing, findings, go, marked, told } from './browser.mjs';

const { withPage, both } = browsing();
/** Elements that a map may have. */
const MOST = 1_500;
const nodes = (page) => marked(page, 'map-node').count();

/** Cards that lie on each other, letters too small to read, more elements than are quick. */
const muddles = (page, most) => page.evaluate((most) => {
  const found = [];
  const cards = [...document.querySelectorAll('[data-test="map-node"] .bx')].map((card) => card.getBoundingClientRect());
  for (const [at, a] of cards.entries()) {
    const hit = cards.slice(at + 1).filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom);
    if (hit.length) found.push(`card ${at} lies on ${hit.length} others`);
  }
  const svg = document.querySelector('[data-test="map-svg"]');
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  if (scale < 0.69) found.push(`drawn at ${scale}`);
  const elements = document.querySelectorAll('*').length;
  if (elements > most) found.push(`${elements} elements`);
  return found;
}, most);

both('more services than can be drawn stand together, by kind and by team', async (page) => {
  await page.goto(`${told.crowded}/map?range=1h`);
  assert.match(await page.locator('main, .above').allInnerTexts().then(String), /200 nodes with 199 connections are too many to draw/);
  assert.ok(await nodes(page) < 8, `${await nodes(page)} groups by kind`);
  await marked(page, 'group').getByText('By team').click();
  await page.waitForURL(/group=team/);
  await page.waitForFunction((teams) => document.querySelectorAll('[data-test="map-node"]').length === teams, told.teams);
  // A group tells of its members, and a member opens its surroundings.
  await page.goto(await page.locator('[data-test="map-node"][data-id="group:team:team-7"]').evaluate((node) => new URL(node.getAttribute('href'), location.href).href));
  const inspector = marked(page, 'inspector');
  assert.match(await inspector.innerText(), /all of team-7 together[^]*Busiest/);
  await inspector.locator('.dl a').first().click();
  await page.waitForURL(/focus=service/);
  await marked(page, 'inspector').getByText('Show within').waitFor();
  assert.ok(await nodes(page) <= 5, `${await nodes(page)} within a step`);
  const near = await nodes(page);
  await marked(page, 'inspector').getByText('2 steps').click();
  await page.waitForURL(/hops=2/);
  await page.waitForFunction((near) => document.querySelectorAll('[data-test="map-node"]').length > near, near);
  assert.match(await page.locator('.above').innerText(), /within 2 steps of it; \d+ nodes are hidden/);
});

test('each of these maps is legible, light, and without findings', () => withPage({}, async (page) => {
  const focus = encodeURIComponent(`service:${told.busy}`);
  for (const query of ['', '&group=team', '&group=team&by=cost', `&focus=${focus}&hops=1`, `&focus=${focus}&hops=2&sel=${focus}`]) {
    await go(page, `${told.crowded}/map?range=1h${query}`);
    assert.deepEqual([...await muddles(page, MOST), ...await findings(page)], [], query);
  }
}));

test('every one of them is in the table, page by page, and found by its words', () => withPage({ javaScriptEnabled: false }, async (page) => {
  await page.goto(`${told.crowded}/map?range=1h`);
  const seen = new Set();
  for (;;) {
    for (const id of await marked(page, 'map-row').evaluateAll((rows) => rows.map((row) => row.dataset.id))) seen.add(id);
    const next = marked(page, 'map-table').locator('xpath=../..').locator('[data-test="next"]');
    if (!await next.count()) break;
    await next.click();
    await page.waitForLoadState('load');
  }
  assert.equal(seen.size, 200);
  await page.goto(`${told.crowded}/map?range=1h&f=service:${told.failing}`);
  assert.match(await page.locator('main').innerText(), new RegExp(told.failing));
}));
