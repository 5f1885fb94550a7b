// Who is told of alerts: a test is sent by a button, and the page says whether it was taken.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browsing, findings, marked, told } from './browser.mjs';

const { withPage, both } = browsing();

/** Presses the button of `coldlight`'s page and answers what the page then says. */
async function sendTest(page, coldlight) {
  await page.goto(`${coldlight}/alerts`);
  const isPage = (answer) => answer.request().method() === 'GET' && new URL(answer.url()).pathname === '/alerts';
  await Promise.all([page.waitForResponse(isPage), marked(page, 'alert-test').click()]);
  await page.waitForLoadState('load');
  return marked(page, 'alert-tested').innerText();
}

both('a test goes to a program', async (page) => {
  assert.match(await sendTest(page, told.program), /^The test was taken\./);
});

both('a test goes to a chat', async (page) => {
  assert.match(await sendTest(page, told.chat), /^The test was taken\./);
});

test('what is not taken is said, with the reason and without the address', () => withPage({}, async (page) => {
  assert.match(await sendTest(page, told.program), /^The test was not taken: .*500/);
  assert.doesNotMatch(await page.locator('body').innerText(), /secret-path/);
  assert.deepEqual(await findings(page), []);
}));
