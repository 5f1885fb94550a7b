// Chromium as the tests use it: Debian's own, a fresh profile, nothing fetched from anywhere but the pages under test.

import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

/** What the story in Rust prepared: addresses, ids, counts. */
export const told = JSON.parse(process.env.COLDLIGHT_PAGES ?? '{}');

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--hide-scrollbars', '--force-color-profile=srgb',
];

export const WIDE = { width: 1440, height: 900 };
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
    const own = [told.empty, told.ordinary, told.full, told.fresh, told.lively].some((server) => new URL(server).host === host);
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

/** Goes to a page and waits until its scripts have run. */
export async function go(page, url) {
  const answer = await page.goto(url, { waitUntil: 'load' });
  await page.waitForTimeout(150);
  return answer;
}

/** What holds on every page in every state; a list of what does not. */
export async function findings(page) {
  const found = await page.evaluate(() => {
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
    if (document.querySelectorAll('h1').length !== 1) here.push(`${document.querySelectorAll('h1').length} h1`);
    return here;
  });
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
