// Pages look as they were agreed to look: of each, in both themes and three widths, what is drawn where is kept in tests/looks, and a page
// that visibly changes is told. `COLDLIGHT_LOOKS=renew tests/run looks` keeps how they look now; look at the pictures before you do.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MIDDLE, NARROW, WIDE, findings, launch, misshapes, open, told } from './browser.mjs';
import { serve } from './gallery.mjs';
import { framed, isOther, look, others } from './look.mjs';

const renews = process.env.COLDLIGHT_LOOKS === 'renew';
/** What is drawn on, by theme: `--surface`. */
const GROUND = { light: [255, 255, 255], dark: [17, 25, 35] };

/** Pages in the states that a reader meets. */
const PAGES = [
  'map-ordinary', 'map-focus', 'map-sixty', 'map-grouped', 'map-compared', 'map-hostile', 'start-curl',
  'status-well', 'status-wrong', 'traces', 'traces-none', 'heat', 'heat-box', 'trace',
  'trace-flame', 'trace-map', 'trace-logbook', 'trace-table', 'trace-large', 'trace-hostile', 'cost', 'cost-overfull', 'cost-empty',
  'what-if', 'right-size', 'invocations', 'invocation', 'function', 'cold-starts', 'containers',
  'sql-hours', 'sql-wrong', 'live', 'alerts', 'settings', 'help',
];
/** States that take much to bring about on a running server: what holds of every page is shown of them here. */
const STATES = [
  'login-refused', 'map-empty', 'stale', 'firing', 'partial', 'waiting-map', 'waiting-trace', 'waiting-sql', 'error-404-trace',
  'error-500', 'error-504',
];

let browser;
let gallery;
/** A page of each theme, for all. */
const pages = new Map();
/** A page that computes. */
let reckoner;
let hasFonts;
before(async () => {
  mkdirSync(told.pictures, { recursive: true });
  gallery = await serve(told.gallery);
  told.site = gallery.address;
  browser = await launch();
  for (const theme of ['light', 'dark']) {
    const opened = await open(browser, { colorScheme: theme });
    pages.set(theme, { ...opened, session: await opened.page.context().newCDPSession(opened.page) });
  }
  reckoner = await browser.newPage();
  hasFonts = await reckoner.evaluate(() => {
    const context = new OffscreenCanvas(1, 1).getContext('2d');
    const width = (font) => {
      context.font = font;
      return context.measureText('Millions of invocations').width;
    };
    return ['Inter', 'JetBrains Mono'].every((name) => width(`20px "${name}", serif`) === width(`20px "${name}", cursive`) && width(`20px "${name}", serif`) !== width('20px serif'));
  });
});
after(async () => {
  await browser?.close();
  gallery?.close();
});

/** What is kept of a page: rows of cells by theme and width. */
function kept(path) {
  try {
    const pictures = readFileSync(path, 'utf8').trim().split('\n\n').map((picture) => picture.split('\n'));
    return new Map(pictures.map(([head, ...rows]) => [head, rows]));
  } catch {
    return new Map();
  }
}

for (const name of [...PAGES, ...STATES]) {
  test(`${name} looks as agreed`, async (t) => {
    const path = join(told.looks, `${name}.txt`);
    const [then, now, found] = [kept(path), new Map(), []];
    for (const [theme, { page, wrong, session }] of pages) {
      await page.setViewportSize(WIDE);
      await page.goto(`${gallery.address}/${name}-${theme}.html`, { waitUntil: 'load' });
      for (const viewport of [WIDE, MIDDLE, NARROW]) {
        await page.setViewportSize(viewport);
        await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
        // As `page.screenshot` does it, but packed for speed.
        const picture = await session.send('Page.captureScreenshot', { format: 'png', optimizeForSpeed: true });
        const png = Buffer.from(picture.data, 'base64');
        const rows = await look(reckoner, png, GROUND[theme]);
        const head = `${theme} ${viewport.width}`;
        now.set(head, rows);
        const places = others(rows, then.get(head) ?? []);
        if (hasFonts && !renews && isOther(places, rows)) {
          const framedTo = join(told.pictures, `looks-${name}-${theme}-${viewport.width}.png`);
          writeFileSync(framedTo, await framed(reckoner, png, rows, places));
          found.push(`${head}: ${places.length} of ${rows.join('').length} cells are others, framed in ${framedTo}`);
        }
        const isState = STATES.includes(name) && viewport !== MIDDLE && !(theme === 'dark' && viewport === NARROW);
        if (isState || theme === 'light') found.push(...await (isState ? findings : misshapes)(page));
      }
      found.push(...wrong.splice(0));
    }
    if (renews) writeFileSync(path, `${[...now].map(([head, rows]) => [head, ...rows].join('\n')).join('\n\n')}\n`);
    assert.deepEqual(found, [], 'if it is meant to look so, see the top of this file');
    if (!hasFonts) t.skip('pictures are not compared: fonts-inter and fonts-jetbrains-mono are not installed');
  });
}
