// From a heat map to what is different, a map narrowed and compared, words offered while they are typed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browsing, go, marked, told } from './browser.mjs';

const { withPage } = browsing();

test('without scripts one chooses a part of the heat map by four fields, and a difference narrows it', () => (
  withPage({ javaScriptEnabled: false }, async (page) => {
    await page.goto(`${told.ordinary}/traces?${told.range}`);
    await page.getByRole('link', { name: 'Heat map' }).click();
    await page.waitForURL(/view=heat/);
    assert.equal(await marked(page, 'heat').count(), 1);
    await page.locator('input[name=d0]').fill('0');
    await page.locator('input[name=d1]').fill('1s');
    await page.getByRole('button', { name: 'What is different?' }).click();
    await page.waitForURL(/d1=1s/);
    const inside = Number(await marked(page, 'diff-inside').getAttribute('data-count'));
    const outside = Number(await marked(page, 'diff-outside').getAttribute('data-count'));
    const all = Number(await page.locator('[data-test="heat"] [data-count]').first().getAttribute('data-count'));
    assert.ok(inside > 0);
    assert.equal(inside + outside, all, 'every span is on one side');
    const rows = await marked(page, 'diff-row').count();
    if (rows > 0) {
      await marked(page, 'diff-row').first().locator('a').first().click();
      await page.waitForURL(/f=/);
      assert.ok(await marked(page, 'filter-chip').count() > 0);
    }
  })
));

test('dragging over the heat map explains what was dragged over', () => withPage({}, async (page) => {
  await go(page, `${told.ordinary}/traces?${told.range}&view=heat&f=-name:nothing`);
  const chart = await page.locator('svg[data-heat]').boundingBox();
  await page.mouse.move(chart.x + 2, chart.y + 2);
  await page.mouse.down();
  await page.mouse.move(chart.x + chart.width - 2, chart.y + chart.height / 2, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/box=/);
  assert.equal(await marked(page, 'heat-box').count(), 1);
  assert.ok(await marked(page, 'diff-row').count() > 0);
  const shares = await marked(page, 'diff-row').evaluateAll((all) => all.map(({ dataset }) => Math.abs(dataset.in - dataset.out)));
  assert.deepEqual(shares, [...shares].sort((a, b) => b - a), 'the most different first');
}));

test('words of the filter are offered while they are typed and chosen by keys', () => withPage({}, async (page) => {
  await go(page, `${told.ordinary}/traces?${told.range}`);
  const field = page.locator('[data-filter-input]');
  await field.click();
  await field.pressSequentially('serv');
  const offered = page.locator('#filter-words [role=option]');
  await offered.filter({ hasText: 'service:' }).first().waitFor();
  assert.equal(await field.getAttribute('aria-expanded'), 'true');
  await field.press('ArrowDown');
  assert.equal(await field.getAttribute('aria-activedescendant'), 'filter-word-0');
  await field.press('Enter');
  assert.equal(await field.inputValue(), 'service:');
  await offered.filter({ hasText: told.services[0] }).first().waitFor();
  await field.press('Escape');
  await offered.first().waitFor({ state: 'hidden' });
  await field.fill('root:true');
  await field.press('Escape');
  await field.focus();
  await field.press('Enter');
  await page.waitForURL(/f=root/);
  assert.equal(await marked(page, 'filter-chip').count(), 1);
}));

test('a filter narrows the map, and a comparison says what changed', () => (
  withPage({ javaScriptEnabled: false }, async (page) => {
    const service = told.services[0];
    await page.goto(`${told.ordinary}/map?${told.range}`);
    const whole = await marked(page, 'map-node').count();
    await page.locator('[data-filter-input]').fill(`service:${service}`);
    await page.getByRole('button', { name: 'Find' }).click();
    await page.waitForURL(/\/map\?.*f=service/);
    const nodes = await marked(page, 'map-node').evaluateAll((all) => all.map((one) => one.dataset.id));
    assert.ok(nodes.length <= whole && nodes.includes(`service:${service}`), String(nodes));
    await page.goto(`${told.ordinary}/map?${told.range}&cmp=prev`);
    assert.match(await marked(page, 'partial').allInnerTexts().then(String), /nothing to compare with/);
    // The range again, as long as it was until its middle: the second half against the first.
    const [, from, to] = /from=(.*)&to=(.*)/.exec(told.range);
    const middle = new Date((Date.parse(from) + Date.parse(to)) / 2).toISOString();
    await page.goto(`${told.ordinary}/map?from=${middle}&to=${to}&cmp=prev`);
    assert.ok(await marked(page, 'changes').count() + await marked(page, 'partial').count() > 0);
  })
));
