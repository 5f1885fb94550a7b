// What is promised of the pages as a whole: from a fault to its span, one zone at a time, addresses that keep a view, the keyboard alone,
// and strangers' text that stays text.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { WIDE, browsing, go, marked, told } from './browser.mjs';

const { withPage, both } = browsing();
before(() => mkdirSync(told.pictures, { recursive: true }));

both('three clicks lead from a fault on the map to the span that failed', async (page) => {
  await page.goto(`${told.full}/map?range=1h`);
  await page.locator('[data-test="map-row"][data-id="service:shop"] a').first().click();
  const faulty = page.locator('[data-test="inspector"] a', { hasText: 'Faulty traces' });
  await faulty.click();
  await page.waitForURL(/\/traces\?/);
  await page.locator(`[data-test="trace-row"][data-id="${told.loop.id}"] a.svc`).first().click();
  await page.waitForURL(new RegExp(`/traces/${told.loop.id}`));
  assert.match(await marked(page, 'root-cause').innerText(), /charge.*CardDeclined/s);
  assert.match(await marked(page, 'span-row').filter({ hasText: 'charge' }).last().innerText(), /charge/);
});

both('a cold start leads to its trace and its price', async (page) => {
  await page.goto(`${told.ordinary}/cold-starts?${told.range}`);
  await marked(page, 'invocation-row').locator('a[href^="/traces/"]').first().click();
  await page.waitForURL(/\/traces\/[0-9a-f]{32}/);
  assert.match(await marked(page, 'cost-lines').innerText(), /\$0\.\d+[^]*list price|list price[^]*\$0\.\d+/);
  assert.equal(await marked(page, 'lifecycle').count(), 1);
});

both('a mistyped word of the filter is told with the nearest one', async (page) => {
  await page.goto(`${told.ordinary}/traces?${told.range}&f=servce:shop`);
  const said = page.locator('[data-test="bad-param"][data-name="f"]');
  assert.match(await said.innerText(), /servce:shop[^]*service/);
  assert.ok(await marked(page, 'trace-row').count() > 0, 'the rest of the page is there');
});

test('a span in a closed branch is shown when its address is opened', () => withPage({}, async (page) => {
  const trace = await (await page.request.get(`${told.full}/api/v1/traces/${told.large.id}`)).json();
  const parents = new Map(trace.spans.map((span) => [span.span_id, span.parent_span_id]));
  const depth = (id) => {
    let levels = 0;
    for (let at = id; parents.get(at); at = parents.get(at)) levels += 1;
    return levels;
  };
  const deepest = trace.spans.reduce((deep, { span_id: id }) => (depth(id) > depth(deep) ? id : deep), trace.spans[0].span_id);
  assert.ok(depth(deepest) > 4, `${depth(deepest)} levels`);
  await go(page, `${told.full}/traces/${told.large.id}?span=${deepest}`);
  const row = page.locator(`[data-test="span-row"][id="s-${deepest}"], [data-test="span-row"].sel`).first();
  await row.waitFor();
  assert.ok(await row.evaluate((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return top < innerHeight && bottom > 0;
  }), 'the row is in sight');
}));

/** The times of day a page shows outside fields, in the order of the day. */
const clocks = (page) => page.evaluate(() => (
  [...document.querySelector('main').innerText.matchAll(/(?<![\d:.+-])([01]\d|2[0-3]):[0-5]\d(?!\d)/g)].map(([clock]) => clock).sort()
));
const inTokyo = (clock) => `${String((Number(clock.slice(0, 2)) + 9) % 24).padStart(2, '0')}${clock.slice(2)}`;

both('a change of zone changes every time on the page', async (page) => {
  const pages = [
    `/traces?${told.range}`, `/invocations?${told.range}`, `/traces?${told.range}&view=heat`, `/cost?${told.range}`,
    `/traces/${told.trace.id}`, `/invocations/${told.invocations.request}`, `/functions/${encodeURIComponent(told.invocations.function)}?${told.range}`,
  ];
  const before = [];
  for (const path of pages) {
    await page.goto(`${told.ordinary}${path}`);
    before.push(await clocks(page));
  }
  assert.ok(before.flat().length > 50, `${before.flat().length} times`);
  await marked(page, 'help').locator('summary').click();
  await page.locator('#zone-name').fill('Asia/Tokyo');
  await marked(page, 'help').getByRole('button', { name: 'Use' }).click();
  await page.waitForLoadState('load');
  for (const [at, path] of pages.entries()) {
    await page.goto(`${told.ordinary}${path}`);
    assert.deepEqual(await clocks(page), before[at].map(inTokyo).sort(), path);
    assert.doesNotMatch(await page.locator('main').innerText(), /\d:\d\d(\.\d+)? UTC/, path);
  }
});

/** The share of pixels of two pictures with a channel more than 24 apart. */
const apart = (...pictures) => withPage({}, (page) => page.evaluate(async (pictures) => {
  const pixels = await Promise.all(pictures.map(async (picture) => {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height).data;
  }));
  if (pixels[0].length !== pixels[1].length) return 1;
  let differ = 0;
  for (let at = 0; at < pixels[0].length; at += 4) {
    if ([0, 1, 2].some((channel) => Math.abs(pixels[0][at + channel] - pixels[1][at + channel]) > 24)) differ += 1;
  }
  return differ / (pixels[0].length / 4);
}, pictures.map((picture) => picture.toString('base64'))));

/** As it is seen with nothing in focus and the pointer elsewhere. */
async function picture(page) {
  await page.mouse.move(WIDE.width - 2, WIDE.height - 2);
  await page.evaluate(() => {
    document.activeElement?.blur();
    scrollTo(0, 0);
  });
  await page.waitForTimeout(200);
  return page.screenshot();
}

test('a copied address shows the same picture to somebody else', () => withPage({}, async (page) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const copied = async () => {
    await marked(page, 'copy-link').first().click();
    await page.waitForFunction(() => document.querySelector('[data-copy-link].done'));
    await page.waitForFunction(() => !document.querySelector('[data-copy-link].done'));
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const views = [
    async () => {
      await go(page, `${told.ordinary}/map?${told.range}`);
      await page.locator('[data-test="map-row"] a').first().click();
      await page.waitForURL(/sel=/);
      await page.locator('[data-test="inspector"][data-what="node"]').waitFor();
    },
    async () => {
      await go(page, `${told.full}/traces/${told.loop.id}`);
      await marked(page, 'fold').locator('a.tw').click();
      await page.waitForURL(/o=/);
      await page.locator('.wfg .row').nth(3).locator('a').last().click();
      await page.waitForURL(/span=/);
      await page.locator('.wfg .row[aria-selected="true"]').waitFor();
      await marked(page, 'tab-attributes').waitFor();
      await page.keyboard.press('z');
      await page.waitForURL(/t=/);
    },
    () => go(page, `${told.ordinary}/invocations?${told.range}&f=cold:true&sort=slowest`),
  ];
  for (const view of views) {
    await view();
    const address = await copied();
    const mine = await picture(page);
    const theirs = await withPage({}, async (stranger) => {
      await go(stranger, address);
      return picture(stranger);
    });
    const share = await apart(mine, theirs);
    if (share >= 0.001) {
      writeFileSync(join(told.pictures, 'copied-mine.png'), mine);
      writeFileSync(join(told.pictures, 'copied-theirs.png'), theirs);
    }
    assert.ok(share < 0.001, `${address}: ${(share * 100).toFixed(2)} % of the pixels differ`);
  }
}));

test('everything is reached by the keyboard alone, and the focus is always seen', () => withPage({}, async (page) => {
  const { keyboard } = page;
  const active = (what) => page.evaluate((what) => document.activeElement.closest(what) !== null, what);
  const isSeen = () => page.evaluate(() => {
    // Drawings draw their own ring.
    if (document.activeElement.ownerSVGElement) return true;
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    const around = document.activeElement.closest('.field');
    const field = around && getComputedStyle(around);
    return [[outlineStyle, outlineWidth], [field?.outlineStyle, field?.outlineWidth]]
      .some(([style, width]) => style && style !== 'none' && Number.parseFloat(width) >= 1);
  });
  const tabTo = async (what) => {
    for (let step = 0; step < 120; step += 1) {
      await keyboard.press('Tab');
      assert.ok(await isSeen() || await page.evaluate(() => document.activeElement === document.body), `focus is not seen on the way to ${what}: ${await page.evaluate(() => document.activeElement.outerHTML.slice(0, 200))}`);
      if (await active(what)) return;
    }
    assert.fail(`${what} is not reached`);
  };
  await go(page, `${told.ordinary}/map?${told.range}`);
  // The first stop leads past the navigation.
  await keyboard.press('Tab');
  assert.ok(await active('.skip'));
  await keyboard.press('Enter');
  assert.ok(await active('#here'));
  // A node of the drawing is chosen, and left again.
  await tabTo('[data-test="map-node"]');
  await keyboard.press('Enter');
  await page.waitForURL(/sel=/);
  // The address changes first; what is selected can be left when it is shown.
  await page.locator('[data-test="inspector"][data-what="node"]').waitFor();
  await keyboard.press('Escape');
  await page.waitForFunction(() => !location.search.includes('sel='));
  // The list, its filter, and the range.
  await keyboard.press('g');
  await keyboard.press('t');
  await page.waitForURL(/\/traces\?/);
  await keyboard.press('f');
  assert.ok(await active('[data-filter-input]'));
  await keyboard.type('-name:nothing');
  await keyboard.press('Escape');
  await page.locator('[data-filter-input]').focus();
  await keyboard.press('Enter');
  await page.waitForURL(/f=/);
  await keyboard.press('t');
  assert.ok(await active('[data-test="time-range"]'));
  await keyboard.press('Escape');
  // A row, its trace, a span, its panel, and back to the row.
  await keyboard.press('j');
  await keyboard.press('Enter');
  await page.waitForURL(/\/traces\/[0-9a-f]{32}/);
  await page.waitForLoadState('load');
  await keyboard.press('j');
  assert.ok(await active('[role="row"]'));
  await keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.closest('#panel'));
  await tabTo('[data-test="tab-attributes"]');
  await keyboard.press('Enter');
  await page.waitForURL(/tab=attributes/);
  // An id finds its trace from anywhere; the help lists the keys.
  await keyboard.press('Escape');
  await keyboard.press('/');
  assert.ok(await active('[data-test="global-search"]'));
  await keyboard.type(told.trace.id);
  await keyboard.press('Enter');
  await page.waitForURL(new RegExp(`/traces/${told.trace.id}`));
  await page.waitForLoadState('load');
  await keyboard.press('?');
  assert.ok(await active('[data-test="help"]'));
  await keyboard.press('Escape');
  // Every page of the navigation by its two keys.
  for (const [key, path] of Object.entries({ m: 'map', i: 'invocations', c: 'cold-starts', k: 'containers', $: 'cost', s: 'sql', l: 'live', a: 'alerts', u: 'status' })) {
    await keyboard.press('g');
    await keyboard.press(key);
    await page.waitForURL(new RegExp(`/${path}`));
    await page.waitForLoadState('load');
    assert.equal(await page.evaluate(() => document.activeElement.matches('textarea')), false);
  }
}));

test('a stranger’s text stays text in every field of every page', () => withPage({}, async (page, wrong) => {
  const [evil, image] = told.hostile.texts;
  const word = encodeURIComponent(evil);
  const trace = `/traces/${told.hostile.id}`;
  const spans = (await (await page.request.get(`${told.full}/api/v1${trace}`)).json()).spans;
  const span = spans.at(-1).span_id;
  const node = encodeURIComponent(`service:${evil}`);
  const paths = [
    `/map?range=1h&sel=${node}`, `/map?range=1h&focus=${node}&hops=2`, `/map?range=1h&cmp=prev&f=name:${word}`, `/map?range=1h&group=team`,
    '/traces?range=1h', `/traces?range=1h&f=${word}`, '/traces?range=1h&view=heat', `/traces?range=1h&view=heat&f=-name:x&than=service:${word}`,
    ...['', 'view=flame', 'view=map', 'view=table', 'view=logs', `q=${word}`, 'svc=-x'].map((query) => `${trace}?${query}`),
    ...['span', 'attributes', 'logs', 'links', 'raw', 'invocation'].map((tab) => `${trace}?span=${span}&tab=${tab}`),
    `/compare?a=${told.hostile.id}&b=${told.loop.id}`, `/compare?a=${word}`,
    '/invocations?range=1h', `/invocations?range=1h&f=function:${word}`, `/invocations/${word}`,
    '/functions?range=1h', `/functions/${word}?range=1h`, '/cold-starts?range=1h', '/containers?range=1h',
    '/cost?range=1h', `/cost?range=1h&group=attr.${word}`, `/cost/what-if?fn=${word}`, `/cost/right-size?fn=${word}`,
    `/sql?q=${encodeURIComponent(`SELECT name, service, '${evil}' AS "${image.replaceAll('"', '')}" FROM spans WHERE trace_id = '${told.hostile.id}'`)}`,
    `/sql?q=${word}`, `/live?paused=1&f=${word}`, `/alerts?name=${word}&filter=${word}`, `/settings?x=${word}`, '/help', '/status', `/start?lang=${word}`,
    `/go?q=${word}`, `/${word}`, `/traces?range=${word}&from=${word}&sort=${word}&cursor=${word}`,
  ];
  for (const path of paths) {
    await go(page, `${told.full}${path}`);
    const found = await page.evaluate(() => ({
      ran: globalThis.pwned, reports: globalThis.policyReports,
      made: document.querySelectorAll('img[src="x"], a[href^="javascript:"], main script, [onerror]').length,
    }));
    assert.deepEqual(found, { ran: undefined, reports: [], made: 0 }, path);
  }
  // Addresses that mean nothing are refused, and nothing else goes wrong.
  assert.deepEqual(wrong.filter((one) => !/^(400|404) /.test(one) && !/status of (400|404)/.test(one)), []);
  wrong.length = 0;
}));

test('where a key is asked for, a wrong one is refused with words and the right one opens what was wanted', () => withPage({ javaScriptEnabled: false }, async (page, wrong) => {
  await page.goto(`${told.locked}/traces?range=6h`);
  await page.locator('#key').fill('no key at all');
  await page.locator('main button').click();
  await marked(page, 'login-problem').waitFor();
  assert.match(await marked(page, 'login-problem').innerText(), /No key has this secret/);
  // Nobody is let in without one: that alone went wrong until here.
  assert.ok(wrong.every((one) => one.includes('401')), String(wrong));
  wrong.length = 0;
  await page.locator('#key').fill(told.secret);
  await page.locator('main button').click();
  await page.waitForURL(/\/traces\?range=6h$/);
  assert.equal(await marked(page, 'login').count(), 0);
}));

test('spans that arrive late are told where their trace is open', () => withPage({}, async (page) => {
  await go(page, `${told.full}/traces/${told.large.id}?depth=all&fold=0`);
  assert.ok(!await marked(page, 'late-spans').isVisible());
  const now = BigInt(Date.now()) * 1_000_000n;
  const late = [1, 2, 3].map((number) => ({
    traceId: told.large.id, spanId: `00000000000000a${number}`, name: 'late', kind: 1,
    startTimeUnixNano: String(now - 5_000_000_000n), endTimeUnixNano: String(now),
  }));
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'latecomer' } }] };
  const data = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: late }] }] });
  const headers = { 'content-type': 'application/json' };
  const sent = await page.request.post(`${told.full}/traces/upload`, { data, headers, maxRedirects: 0 });
  assert.equal(sent.status(), 303);
  const question = { sql: `SELECT count(*) FROM spans WHERE trace_id = '${told.large.id}'` };
  const kept = async () => (await (await page.request.post(`${told.full}/api/v1/sql`, { data: question })).json()).rows[0][0];
  while (await kept() < told.large.spans + 3);
  // The next rows that are asked for tell how many spans there are now.
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 2));
  await marked(page, 'late-spans').waitFor();
  assert.match(await marked(page, 'late-spans').innerText(), /since: 3\./);
  await marked(page, 'late-spans').locator('a').click();
  await page.waitForLoadState('load');
  await page.waitForFunction((count) => document.querySelector('[data-test="span-count"]')?.dataset.count === String(count), told.large.spans + 3);
}));

test('a trace that Jaeger wrote is read from its file', () => withPage({ javaScriptEnabled: false }, async (page) => {
  const traceID = told.loop.id.replace(/^../, '7a');
  const startTime = (Date.now() - 60_000) * 1_000;
  const span = (spanID, parent, operationName, processID, tags) => ({
    traceID, spanID, operationName, startTime, duration: 120_000, processID, tags,
    references: parent ? [{ refType: 'CHILD_OF', traceID, spanID: parent }] : [],
    logs: [{ timestamp: startTime + 10, fields: [{ key: 'event', type: 'string', value: 'cache miss' }] }],
  });
  const spans = [
    span('aa', null, 'GET /cart', 'p1', [{ key: 'span.kind', type: 'string', value: 'server' }]),
    span('bb', 'aa', 'SELECT', 'p2', [{ key: 'error', type: 'bool', value: true }]),
  ];
  const processes = { p1: { serviceName: 'storefront' }, p2: { serviceName: 'ledger', tags: [{ key: 'hostname', value: 'h1' }] } };
  const file = JSON.stringify({ data: [{ traceID, spans, processes }], total: 0, errors: null });
  await page.goto(`${told.ordinary}/traces`);
  await marked(page, 'upload').locator('input').setInputFiles({ name: 'jaeger.json', mimeType: 'application/json', buffer: Buffer.from(file) });
  await marked(page, 'upload').getByText('Open it').click();
  await page.waitForURL(new RegExp(`/traces/${traceID}`));
  assert.equal(await marked(page, 'span-row').count(), 2);
  assert.match(await page.locator('#wf').innerText(), /storefront[^]*GET \/cart[^]*ledger[^]*SELECT/);
}));

test('without scripts a first span is sent, waited for and opened', () => withPage({ javaScriptEnabled: false }, async (page) => {
  await page.goto(`${told.empty}/`);
  await page.waitForURL(/\/start/);
  assert.equal(await marked(page, 'first-span').getAttribute('data-arrived'), null);
  assert.match(await marked(page, 'snippet').first().innerText(), new RegExp(new URL(told.empty).hostname));
  await marked(page, 'send-sample').click();
  await page.waitForLoadState('load');
  const arrived = page.locator('[data-test="first-span"][data-arrived]');
  for (let reload = 0; reload < 40 && !await arrived.count(); reload += 1) {
    await page.goto(`${told.empty}/start`);
  }
  await arrived.getByText('Newest traces').click();
  await marked(page, 'trace-row').locator('a.svc').first().click();
  await page.waitForURL(/\/traces\/[0-9a-f]{32}/);
  assert.ok(await marked(page, 'span-row').count() > 0);
}));
