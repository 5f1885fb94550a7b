// Pages that take their time: what is seen meanwhile, and how one ends it; each with scripts and without.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { NARROW, WIDE, findings, launch, marked, open, told } from './browser.mjs';

/** So many million rows, each hashed. */
const hashing = (millions) => `SELECT count(*) AS found FROM range(1000000) a, range(${millions}) b WHERE hash(a.range + b.range) = 1`;
const ENDLESS = hashing(1_000_000);

/** A question that takes about five seconds here and now, and one at least when the machine was busy just now. */
async function long(page) {
  let [millions, took] = [5, 0];
  while (took < 300) {
    millions *= 2;
    const start = performance.now();
    const answer = await page.request.post(`${told.ordinary}/api/v1/sql`, { data: { sql: hashing(millions) } });
    assert.equal(answer.status(), 200);
    took = performance.now() - start;
  }
  return hashing(Math.ceil(millions * 5_000 / took));
}

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with scripts' : 'without scripts';

  test(`a question that takes long is cancelled where one waits for it, ${how}`, async () => {
    const { page, wrong, close } = await open(browser, { javaScriptEnabled });
    await page.goto(`${told.ordinary}/sql`);
    await marked(page, 'sql-editor').fill(ENDLESS);
    await marked(page, 'sql-run').click();
    await marked(page, 'loading').waitFor();
    assert.match(await marked(page, 'loading').innerText(), /range\(1000000\)/, 'what is asked stays in sight');
    assert.ok(await marked(page, 'nav-map').isVisible(), 'the frame is there');
    await marked(page, 'query-cancel').click();
    await marked(page, 'sql-status').waitFor();
    assert.equal((await marked(page, 'sql-status').innerText()).trim(), 'Cancelled');
    assert.equal(await marked(page, 'sql-editor').inputValue(), ENDLESS, 'the question stands in the editor');
    // What looks for findings is a script itself.
    if (javaScriptEnabled) assert.deepEqual(await findings(page), []);
    // It goes on from there.
    await marked(page, 'sql-editor').fill('SELECT 7 AS days');
    await marked(page, 'sql-run').click();
    await marked(page, 'sql-result').waitFor();
    assert.match(await marked(page, 'sql-status').innerText(), /^Done 1 row, /);
    assert.deepEqual(wrong, []);
    await close();
  });

  test(`an answer takes the place of what was shown until it came, ${how}`, async () => {
    const { page, wrong, close } = await open(browser, { javaScriptEnabled });
    const question = await long(page);
    page.goto(`${told.ordinary}/sql?q=${encodeURIComponent(question)}`).catch(() => {});
    await marked(page, 'loading').waitFor();
    const early = await marked(page, 'nav-sql').boundingBox();
    await marked(page, 'sql-result').waitFor();
    assert.ok(!await marked(page, 'loading').isVisible(), 'it gives way');
    assert.deepEqual(await marked(page, 'nav-sql').boundingBox(), early, 'the frame has not moved');
    await page.waitForLoadState('load');
    // What looks for findings is a script itself.
    if (javaScriptEnabled) assert.deepEqual(await findings(page), []);
    assert.deepEqual(wrong, []);
    await close();
  });
}

for (const colorScheme of ['light', 'dark']) {
  for (const viewport of [WIDE, NARROW]) {
    test(`a page that is waited for, ${colorScheme}, ${viewport.width} wide`, async () => {
      const { page, wrong, close } = await open(browser, { colorScheme, viewport });
      page.goto(`${told.ordinary}/sql?q=${encodeURIComponent(ENDLESS)}`).catch(() => {});
      await marked(page, 'query-cancel').waitFor();
      await page.screenshot({ path: join(told.pictures, `waiting-${colorScheme}-${viewport.width}.png`) });
      const found = await findings(page);
      await marked(page, 'query-cancel').click();
      await marked(page, 'sql-status').waitFor();
      await close();
      assert.deepEqual([...wrong, ...found], []);
    });
  }
}
