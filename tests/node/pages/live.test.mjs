// The live page while something arrives: it shows, waits when told to, and costs nothing while hidden.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browsing, go, marked, told } from './browser.mjs';

const { withPage } = browsing();

/** Three traces of the program's own. */
async function arrive(page) {
  const answer = await page.request.post(`${told.lively}/start/sample`, { maxRedirects: 0 });
  assert.equal(answer.status(), 303);
}

/** Root spans, named and told whether they failed, as one request. */
async function send(page, names, service = 'burst') {
  const now = BigInt(Date.now()) * 1_000_000n;
  const hex = (length) => Array.from({ length }, () => Math.floor(Math.random() * 16).toString(16)).join('');
  const spans = names.map(({ name, failed = false }, at) => ({
    traceId: hex(32), spanId: hex(16), name, kind: 2, status: { code: failed ? 2 : 1 },
    startTimeUnixNano: String(now - 5_000_000n + BigInt(at)), endTimeUnixNano: String(now + BigInt(at)),
  }));
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] };
  const data = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
  const headers = { 'content-type': 'application/json' };
  const sent = await page.request.post(`${told.lively}/traces/upload`, { data, headers, maxRedirects: 0 });
  assert.equal(sent.status(), 303, await sent.text());
}

const keys = (page) => marked(page, 'live-row').evaluateAll((rows) => rows.map((row) => row.dataset.key));

test('lines arrive on top, wait while paused, and come when one goes on', () => withPage({}, async (page) => {
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
}));

test('of more than a page holds the rest is counted, and nothing is lost silently', () => withPage({}, async (page) => {
  await go(page, `${told.lively}/live?paused=1`);
  const most = Number(await page.locator('[data-live-list]').getAttribute('data-most'));
  const all = most + 200;
  await send(page, Array.from({ length: all }, (_, at) => ({ name: `GET /${at}` })));
  const count = async (name) => Number(await marked(page, name).getAttribute('data-count') ?? 0);
  await page.waitForFunction((all) => {
    const count = (name) => Number(document.querySelector(`[data-test="${name}"]`).dataset.count ?? 0);
    return count('live-new') + count('live-skipped') === all;
  }, all);
  assert.equal(await count('live-new'), most);
  assert.equal(await count('live-skipped'), 200);
  assert.match(await marked(page, 'live-skipped').innerText(), /^200 skipped/);
  await page.keyboard.press('Space');
  await marked(page, 'live-new').waitFor({ state: 'hidden' });
  assert.equal(await marked(page, 'live-row').count(), most);
}));

test('a filter lets through what it names, as it arrives', () => withPage({}, async (page) => {
  await go(page, `${told.lively}/live`);
  const line = page.locator('[data-filter-input]');
  await line.fill('service:burst status:fault');
  await line.press('Escape');
  await line.focus();
  await line.press('Enter');
  await page.waitForURL(/f=service/);
  assert.equal(await marked(page, 'filter-chip').count(), 2);
  await send(page, [{ name: 'fine' }, { name: 'failed', failed: true }, { name: 'fine too' }]);
  await marked(page, 'live-row').first().waitFor();
  assert.deepEqual(await marked(page, 'live-row').evaluateAll((rows) => rows.map((row) => row.cells[2].innerText)), ['failed']);
}));

/** What Lambda's platform says of an invocation. */
async function platform(type, id, record = {}) {
  const body = Object.entries({ requestId: id, ...record }).map(([key, value]) => ({ key, value: { stringValue: value } }));
  const attributes = [{ key: 'service.name', value: { stringValue: 'greeter' } }, { key: 'faas.name', value: { stringValue: 'greeter' } }];
  const logRecords = [{
    timeUnixNano: String(BigInt(Date.now()) * 1_000_000n), body: { kvlistValue: { values: body } },
    attributes: [{ key: 'type', value: { stringValue: type } }],
  }];
  const answer = await fetch(`${told.livelyOtlp}/v1/logs`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords }] }] }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

test('an invocation that still runs is told of until it ends', () => withPage({}, async (page) => {
  const id = `still-${Date.now()}`;
  const still = page.locator(`[data-test="live-running"]:has(a[href*="${id}"])`);
  await go(page, `${told.lively}/live`);
  assert.equal(await still.count(), 0);
  await platform('platform.start', id, { version: '7' });
  await still.waitFor();
  assert.match(await still.innerText(), /^greeter since \d\d:\d\d:\d\d/);
  await withPage({ javaScriptEnabled: false }, async (other) => {
    await other.goto(`${told.lively}/live?paused=1`);
    const link = other.locator(`[data-test="live-running"] a[href*="${id}"]`);
    const its = new URL(await link.getAttribute('href'), told.lively).href;
    // Its own page is there as soon as invocations are told of anew.
    const late = Date.now() + 30_000;
    while ((await other.request.get(its)).status() === 404) assert.ok(Date.now() < late, `${its} is not there`);
    await link.click();
    await other.waitForURL(its);
    assert.match(await other.locator('main').innerText(), /greeter/);
  });
  await platform('platform.runtimeDone', id, { status: 'success' });
  await still.waitFor({ state: 'detached' });
}));

test('without scripts live is a list that is asked for again', () => withPage({ javaScriptEnabled: false }, async (page) => {
  await arrive(page);
  await page.goto(`${told.lively}/live`);
  assert.ok(await marked(page, 'live-row').count() > 0);
  await marked(page, 'live-pause').click();
  await page.waitForURL(/paused=1/);
  assert.equal(await page.locator('noscript meta').count() + await page.locator('meta[http-equiv]').count(), 0);
}));

test('without scripts live tells how many it does not list', () => withPage({ javaScriptEnabled: false }, async (page) => {
  await send(page, Array.from({ length: 130 }, (_, at) => ({ name: `PUT /${at}` })), 'stampede');
  const question = { sql: "SELECT count(*) FROM spans WHERE service = 'stampede'" };
  const arrived = async () => (await (await page.request.post(`${told.lively}/api/v1/sql`, { data: question })).json()).rows[0][0];
  while (Number(await arrived()) < 130);
  await page.goto(`${told.lively}/live?paused=1&f=service:stampede`);
  assert.equal(await marked(page, 'live-row').count(), 100);
  assert.equal(await marked(page, 'live-skipped').getAttribute('data-count'), '30');
  assert.equal(await marked(page, 'live-skipped').innerText(), '30 skipped');
}));

test('without scripts a search is saved, watched, and its alert removed again', () => withPage({ javaScriptEnabled: false }, async (page, wrong) => {
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
  // A form that cannot be taken is a bad request, and the only thing that went wrong.
  assert.ok(wrong.every((one) => one.includes('400')), String(wrong));
  wrong.length = 0;
  await form.locator('[name=above]').fill('0%');
  await form.locator('button').click();
  await page.waitForURL(/\/alerts$/);
  const row = marked(page, 'alert-row').filter({ hasText: 'Faults at all' });
  assert.equal(await row.count(), 1);
  await row.locator('button').click();
  await page.waitForURL(/\/alerts$/);
  assert.equal(await marked(page, 'alert-row').count(), 0);
}));
