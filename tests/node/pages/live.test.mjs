// The live page while something arrives: it shows, waits when told to, and costs nothing while hidden.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { go, launch, marked, open, told } from './browser.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

/** Three traces of the program's own. */
async function arrive(page) {
  const answer = await page.request.post(`${told.lively}/start/sample`, { maxRedirects: 0 });
  assert.equal(answer.status(), 303);
}

const keys = (page) => marked(page, 'live-row').evaluateAll((rows) => rows.map((row) => row.dataset.key));

test('lines arrive on top, wait while paused, and come when one goes on', async () => {
  const { page, wrong, close } = await open(browser);
  await go(page, `${told.lively}/live`);
  const before = await keys(page);
  await arrive(page);
  await page.waitForFunction((count) => document.querySelectorAll('[data-test="live-row"]').length > count, before.length);
  await page.keyboard.press('Space');
  await page.waitForURL(/paused=1/);
  const shown = await keys(page);
  await arrive(page);
  await marked(page, 'live-new').waitFor();
  assert.deepEqual(await keys(page), shown, 'nothing jumps');
  const waiting = Number(await marked(page, 'live-new').getAttribute('data-count'));
  assert.ok(waiting > 0);
  await page.keyboard.press('Space');
  await page.waitForFunction((count) => document.querySelectorAll('[data-test="live-row"]').length > count, shown.length);
  const all = await keys(page);
  assert.equal(new Set(all).size, all.length, 'no line twice');
  assert.ok(!page.url().includes('paused'));
  await marked(page, 'live-new').waitFor({ state: 'hidden' });
  assert.deepEqual(wrong, []);
  await close();
});

test('without scripts live is a list that is asked for again', async () => {
  const { page, close } = await open(browser, { javaScriptEnabled: false });
  await arrive(page);
  await page.goto(`${told.lively}/live`);
  assert.ok(await marked(page, 'live-row').count() > 0);
  await marked(page, 'live-pause').click();
  await page.waitForURL(/paused=1/);
  assert.equal(await page.locator('noscript meta').count() + await page.locator('meta[http-equiv]').count(), 0);
  await close();
});

test('without scripts a search is saved, watched, and its alert removed again', async () => {
  const { page, close } = await open(browser, { javaScriptEnabled: false });
  await page.goto(`${told.lively}/traces?range=1h&f=status:fault`);
  await marked(page, 'saved').locator('summary').click();
  await marked(page, 'save-search').locator('input[name=name]').fill('Faults');
  await marked(page, 'save-search').locator('button').click();
  await page.waitForURL(/\/traces\?range=1h&f=status:fault$/);
  await page.goto(`${told.lively}/settings`);
  await marked(page, 'saved-search').filter({ hasText: 'Faults' }).getByText('Watch it').click();
  await page.waitForURL(/\/alerts\?search=/);
  const form = marked(page, 'alert-form');
  await form.locator('[name=name]').fill('Faults at all');
  await form.locator('[name=above]').fill('5');
  await form.locator('button').click();
  assert.equal(await marked(page, 'error').getAttribute('data-name'), 'above');
  assert.equal(await form.locator('[name=name]').inputValue(), 'Faults at all', 'what was typed is kept');
  await form.locator('[name=above]').fill('0%');
  await form.locator('button').click();
  await page.waitForURL(/\/alerts$/);
  const row = marked(page, 'alert-row').filter({ hasText: 'Faults at all' });
  assert.equal(await row.count(), 1);
  await row.locator('button').click();
  await page.waitForURL(/\/alerts$/);
  assert.equal(await marked(page, 'alert-row').count(), 0);
  await close();
});
