// Chromium as the tests use it: Debian's own, a fresh profile, nothing fetched from anywhere but the pages under test.

import assert from 'node:assert/strict';
import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

/** What the story in Rust prepared: addresses, ids, counts. */
export const told = JSON.parse(process.env.COLDLIGHT_PAGES ?? '{}');

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--hide-scrollbars', '--force-color-profile=srgb',
];

export const WIDE = { width: 1440, height: 900 };
export const MIDDLE = { width: 1024, height: 768 };
export const NARROW = { width: 390, height: 844 };

function installed(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here; the next folder may have it.
    }
  }
  return undefined;
}

export async function launch() {
  const executablePath = process.env.COLDLIGHT_CHROMIUM ?? installed('chromium') ?? installed('chromium-browser');
  if (!executablePath) throw new Error('no chromium on PATH: run tests/install');
  return chromium.launch({ executablePath, args: FLAGS });
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A page that keeps what went wrong on it in `wrong`: console errors, exceptions, policy reports, failed requests. */
export async function open(browser, { colorScheme = 'light', viewport = WIDE, javaScriptEnabled = true } = {}) {
  const context = await browser.newContext({
    colorScheme, viewport, javaScriptEnabled, reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'UTC',
  });
  const page = await context.newPage();
  const wrong = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) wrong.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => wrong.push(`exception: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) wrong.push(`${response.status()} ${response.url()}`);
  });
  page.on('requestfailed', (request) => {
    // Streams and fetches that a navigation cut off are no failure.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') wrong.push(`${request.failure()?.errorText} ${request.url()}`);
  });
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    const own = Object.values(told).some((server) => String(server).startsWith('http:') && new URL(server).host === host);
    if (protocol.startsWith('http') && !own) wrong.push(`asks somebody else: ${request.url()}`);
  });
  await page.addInitScript(() => {
    globalThis.policyReports = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      globalThis.policyReports.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  return { page, wrong, close: () => context.close() };
}

/**
 * A browser for the tests of a file: `withPage` tells a story of a page of its own, on which nothing may go wrong; `both` is a test of a
 * story that holds with scripts and without.
 */
export function browsing() {
  let browser;
  before(async () => { browser = await launch(); });
  after(() => browser?.close());
  async function withPage(options, story) {
    const { page, wrong, close } = await open(browser, options);
    try {
      const told = await story(page, wrong);
      assert.deepEqual(wrong, []);
      return told;
    } finally {
      await close();
    }
  }
  function both(name, story) {
    for (const javaScriptEnabled of [true, false]) {
      test(`${name}, ${javaScriptEnabled ? 'with scripts' : 'without scripts'}`, () => withPage({ javaScriptEnabled }, story));
    }
  }
  return { withPage, both };
}

/** Goes to a page and waits until its scripts have run. */
export async function go(page, url) {
  const answer = await page.goto(url, { waitUntil: 'load' });
  await page.waitForTimeout(150);
  return answer;
}

/** What holds of the shape of every page in every state; a list of what does not. */
export const misshapes = async (page) => [...await shape(page), ...await cutOff(page)];

const shape = (page) => page.evaluate(() => {
  const here = [...(globalThis.policyReports ?? [])].map((report) => `policy: ${report}`);
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) {
    const wide = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > clientWidth + 1);
    const names = wide.slice(0, 5).map((one) => `${one.tagName.toLowerCase()}.${one.className.baseVal ?? one.className}`);
    here.push(`scrolls sideways: ${scrollWidth} > ${clientWidth}: ${names.join(', ')}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
  if (twice.length) here.push(`ids used twice: ${[...new Set(twice)].join(', ')}`);
  // What was shown while one waited is still there, unseen.
  const heads = [...document.querySelectorAll('h1')].filter((one) => one.checkVisibility());
  if (heads.length !== 1) here.push(`${heads.length} h1`);
  return here;
});

/**
 * Texts that are cut off sideways and told nowhere, or stand outside of what they belong to. Whatever can be scrolled to is neither, and
 * neither is what one has zoomed past.
 */
const cutOff = (page) => page.evaluate(() => {
  const found = [];
  const plain = (text) => text.replace(/\s+/g, ' ').trim();
  const range = document.createRange();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const [text, own] = [plain(texts.currentNode.data), texts.currentNode.parentElement];
    if (!text || own.ownerSVGElement || own.closest('svg, script, noscript, select, textarea, .sr') || !own.checkVisibility({ visibilityProperty: true })) continue;
    range.selectNodeContents(texts.currentNode);
    const { left, right, width } = range.getBoundingClientRect();
    if (width === 0) continue;
    for (let box = own; box !== document.body; box = box.parentElement) {
      const { overflowX, textOverflow, display } = getComputedStyle(box);
      if (['auto', 'scroll'].includes(overflowX)) break;
      if (display === 'inline') continue;
      const bounds = box.getBoundingClientRect();
      if (right <= bounds.right + 1 && left >= bounds.left - 1) continue;
      const name = `${box.tagName.toLowerCase()}.${box.className}`;
      if (['hidden', 'clip'].includes(overflowX)) {
        if (right <= bounds.left || left >= bounds.right) break;
        own.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));
        const told = own.closest('[title], [aria-label]');
        if (textOverflow === 'ellipsis' && plain(told?.title || told?.ariaLabel || '').includes(text)) break;
        found.push(`cut off by ${name}: ${text.slice(0, 80)}`);
        break;
      }
      if (box.matches('.btn, .seg > *, .tag, .chip, .panel, .kpi, section')) {
        found.push(`outside of ${name}: ${text.slice(0, 80)}`);
        break;
      }
    }
  }
  return [...new Set(found)].slice(0, 20);
});

/** The same, and what `axe-core` finds. */
export async function findings(page) {
  const found = await misshapes(page);
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const result = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return result.violations.map(({ id, help, nodes }) => {
      const places = nodes.slice(0, 3).map((node) => `${node.target.join(' ')} ${node.failureSummary?.split('\n')[1] ?? ''}`);
      return `axe ${id}: ${help} (${nodes.length}): ${places.join('; ')}`;
    });
  });
  return [...found, ...violations];
}

/** Numbers and ids by their `data-test` mark. */
export const marked = (page, name) => page.locator(`[data-test="${name}"]`);
