// Each page in each state, theme and width: looked at by people in tests/pictures, and by a machine here.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MIDDLE, NARROW, WIDE, findings, go, launch, misshapes, open, told } from './browser.mjs';

let browser;
before(async () => {
  mkdirSync(told.pictures, { recursive: true });
  browser = await launch();
  await watch();
});
after(() => browser?.close());

/** A saved search and an alert on it that has something to tell. */
async function watch() {
  const post = async (path, data) => {
    const answer = await fetch(`${told.full}/api/v1/${path}`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(data),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
  };
  const { id } = await post('searches', { name: 'Failing checkouts', address: '/traces?range=1h&f=service:shop status:fault' });
  await post('alerts', { name: 'Checkout fails', search: id, signal: 'fault-rate', window: '1h', above: '0%' });
  const events = async () => (await (await fetch(`${told.full}/api/v1/alerts`)).json()).events;
  while ((await events()).length === 0);
}

const { range } = told;
const missing = '0af7651916cd43dd8448eb211c80319c';
/** Name, address, status. */
const PAGES = [
  ['start-empty', `${told.empty}/start`],
  ['map-empty', `${told.empty}/map`],
  ['traces-empty', `${told.empty}/traces`],
  ['invocations-empty', `${told.empty}/invocations`],
  ['trace-missing', `${told.empty}/traces/${missing}`, 404],
  ['status-empty', `${told.empty}/status`],
  ['start', `${told.ordinary}/start`],
  ['map', `${told.ordinary}/map?${range}`],
  ['map-node', `${told.ordinary}/map?${range}&sel=service:${encodeURIComponent(told.services[0])}`],
  ['map-focus', `${told.ordinary}/map?${range}&focus=service:${encodeURIComponent(told.services[0])}&hops=1&by=cost`],
  ['map-queues', `${told.full}/map?range=1h&sel=sqs:parcels`],
  ['traces', `${told.ordinary}/traces?${range}`],
  ['traces-no-match', `${told.ordinary}/traces?${range}&f=service:nobody`],
  ['heat', `${told.ordinary}/traces?${range}&view=heat`],
  ['heat-differences', `${told.ordinary}/traces?${range}&view=heat&f=kind:server&than=kind:client`],
  ['heat-box', `${told.ordinary}/traces?${range}&view=heat&box=${/from=(.*)&to=(.*)/.exec(range).slice(1).join(',')},1ms,20ms`],
  ['heat-empty', `${told.empty}/traces?view=heat&than=cold:true`],
  ['map-found', `${told.ordinary}/map?${range}&f=kind:client`],
  ['map-compared', `${told.ordinary}/map?${range}&cmp=prev`],
  ['traces-bad-filter', `${told.ordinary}/traces?${range}&f=nonsense:1%20dur>1&colour=red`],
  ['trace', `${told.ordinary}/traces/${told.trace.id}`],
  ['trace-flame', `${told.ordinary}/traces/${told.trace.id}?view=flame`],
  ['trace-map', `${told.full}/traces/${told.loop.id}?view=map`],
  ['trace-logs', `${told.full}/traces/${told.loop.id}?view=logs`],
  ['trace-folded', `${told.full}/traces/${told.loop.id}?span=${told.loop.failed}`],
  ['compare', `${told.full}/compare?a=${told.loop.id}&b=${told.loop.other}`],
  ['compare-one', `${told.full}/compare?a=${told.loop.id}`],
  ['compare-missing', `${told.full}/compare?a=${told.loop.id}&b=${missing}`],
  ['compare-share', `${told.full}/compare?a=${told.loop.other}&b=${told.loop.id}&norm=share&only=changed`],
  ['compare-hostile', `${told.full}/compare?a=${told.hostile.id}&b=${told.loop.id}`],
  ['compare-empty', `${told.empty}/compare`],
  ['trace-table', `${told.ordinary}/traces/${told.trace.id}?view=table&sort=total`],
  ['cost', `${told.ordinary}/cost?${range}`],
  ['what-if', `${told.ordinary}/cost/what-if?${range}`],
  ['what-if-empty', `${told.empty}/cost/what-if`],
  ['right-size', `${told.ordinary}/cost/right-size?${range}`],
  ['cost-empty', `${told.empty}/cost`],
  ['containers', `${told.ordinary}/containers?${range}`],
  ['containers-empty', `${told.empty}/containers`],
  ['invocations', `${told.ordinary}/invocations?${range}`],
  ['invocations-bad-filter', `${told.ordinary}/invocations?${range}&f=cost>5%20http:503%20cold:true`],
  ['invocation-unknown', `${told.ordinary}/invocations/nobody-knows`, 404],
  ['invocation', `${told.ordinary}/invocations/${told.invocations.request}`],
  ['functions', `${told.ordinary}/functions?${range}`],
  ['function', `${told.ordinary}/functions/${encodeURIComponent(told.invocations.function)}?${range}`],
  ['function-hostile', `${told.full}/functions/${encodeURIComponent(told.hostile.texts[0])}?range=1h`],
  ['functions-empty', `${told.empty}/functions`],
  ['cold-starts', `${told.ordinary}/cold-starts?${range}`],
  ['cold-starts-empty', `${told.empty}/cold-starts`],
  ['sql', `${told.ordinary}/sql`],
  ['sql-answer', `${told.ordinary}/sql?example=dearest-functions`],
  ['sql-bars', `${told.ordinary}/sql?q=${encodeURIComponent('SELECT service, count(*) AS spans FROM spans GROUP BY ALL ORDER BY 2 DESC')}`],
  ['sql-wrong', `${told.ordinary}/sql?q=SELECT%20servce%20FROM%20spans`, 400],
  ['sql-empty', `${told.empty}/sql?example=cost-by-service`],
  ['status', `${told.ordinary}/status`],
  ['live', `${told.ordinary}/live?paused=1`],
  ['live-empty', `${told.empty}/live`],
  ['live-full', `${told.full}/live?paused=1&f=servce:x`],
  ['alerts', `${told.ordinary}/alerts?name=Checkout`],
  ['alerts-history', `${told.full}/alerts`],
  ['settings', `${told.ordinary}/settings`],
  ['settings-full', `${told.full}/settings`],
  ['nowhere', `${told.ordinary}/nowhere`, 404],
  ['help', `${told.ordinary}/help`],
  ['map-full', `${told.full}/map?range=1h`],
  ['traces-full', `${told.full}/traces?range=1h`],
  ['trace-full', `${told.full}/traces/${told.large.id}`],
  ['trace-hostile', `${told.full}/traces/${told.hostile.id}`],
  ['trace-attributes', `${told.full}/traces/${told.loop.id}?span=${told.loop.failed}&tab=attributes`],
  ['trace-links', `${told.full}/traces/${told.loop.id}?span=${told.loop.failed}&tab=links`],
  ['trace-found', `${told.full}/traces/${told.loop.id}?q=item-&only=1`],
  ['status-full', `${told.full}/status`],
];

for (const colorScheme of ['light', 'dark']) {
  for (const viewport of [WIDE, NARROW]) {
    for (const [name, url, status = 200] of PAGES) {
      test(`${name}, ${colorScheme}, ${viewport.width} wide`, async () => {
        const { page, wrong, close } = await open(browser, { colorScheme, viewport });
        const answer = await go(page, url);
        const picture = (width) => page.screenshot({ path: join(told.pictures, `${name}-${colorScheme}-${width}.png`) });
        await picture(viewport.width);
        const found = [];
        if (viewport === WIDE) {
          await page.setViewportSize(MIDDLE);
          await picture(MIDDLE.width);
          found.push(...await misshapes(page));
        }
        // Tall, so that nothing is judged by the half of it that the window's edge leaves.
        await page.setViewportSize({ ...viewport, height: 3_000 });
        // Colours are those of the wide page: narrow and dark there is nothing new to find.
        found.push(...await (viewport === NARROW && colorScheme === 'dark' ? misshapes : findings)(page));
        const odd = wrong.filter((one) => status === 200 || !one.includes(String(status)));
        await close();
        // A page that took longer than a moment had to send its status before it was known; then the page says it.
        const isLate = answer.headers()['x-accel-buffering'] === 'no';
        assert.ok(answer.status() === status || isLate, `${answer.status()}, not ${status}`);
        assert.deepEqual([...odd, ...found], []);
      });
    }
  }
}
