// Drives Chromium for the stories: a line of JSON in, a line of JSON out. No story is told here.
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import axe from 'axe-core';

const STEP = 60_000;
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--no-proxy-server',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1',
  ],
});
let context;
let page;
/** The page that `beside` left. */
let left;
let forgotten = [];
let requests = [];

/** Addresses whose answer asked to be sandboxed. */
const letters = new Set();

async function copyOf(frame) {
  const html = await frame.content();
  const copy = await context.newPage();
  await copy.setContent(html.replace('<head>', `<head><base href="${frame.url()}">`), { waitUntil: 'load' });
  return copy;
}

const steps = {
  async window({ width, scripts }) {
    await context?.close();
    requests = [];
    context = await browser.newContext({
      viewport: { width, height: 900 }, javaScriptEnabled: scripts, ignoreHTTPSErrors: true, acceptDownloads: true,
      locale: 'fr-FR',
    });
    context.setDefaultTimeout(STEP);
    context.on('response', async (response) => {
      const entry = { address: response.url(), status: response.status(), received: response.headers() };
      requests.push(entry);
      entry.received = await response.allHeaders().catch(() => response.headers());
      entry.sent = await response.request().allHeaders().catch(() => ({}));
    });
    context.on('requestfailed', (request) => {
      requests.push({ address: request.url(), status: 0, failure: request.failure()?.errorText });
    });
    page = await context.newPage();
  },
  async open({ address }) {
    const response = await page.goto(address, { waitUntil: 'load' });
    const headers = await response.allHeaders();
    if (headers['content-security-policy']?.includes('sandbox')) letters.add(page.url());
    return { status: response.status(), headers };
  },
  async tick({ label }) { await page.getByLabel(label).check(); },
  async fill({ label, text }) { await page.getByLabel(label).fill(text); },
  async select({ label, text }) { await page.getByLabel(label, { exact: true }).selectOption({ label: text }); },
  async choose({ label, files }) { await page.getByLabel(label).setInputFiles(files); },
  async click({ role, name }) {
    const target = page.getByRole(role, { name, disabled: false }).first();
    // The new document must be there before the next step looks at the page.
    await Promise.all([page.waitForEvent('load'), target.click({ noWaitAfter: true })]);
  },
  async count({ role, name }) { return { count: await page.getByRole(role, { name, disabled: false }).count() }; },
  async links({ name }) {
    return { links: await page.getByRole('link', { name, disabled: false }).evaluateAll((links) => links.map((link) => link.href)) };
  },
  async text() { return { text: await page.locator('body').innerText() }; },
  async address() { return { address: page.url() }; },
  async frames() {
    const frames = page.frames().filter((frame) => frame !== page.mainFrame());
    return {
      frames: await Promise.all(frames.map(async (frame) => {
        await frame.waitForLoadState('load');
        return { address: frame.url(), text: await frame.locator('body').innerText() };
      })),
    };
  },
  async download({ name, path }) {
    const coming = page.waitForEvent('download');
    await page.getByRole('link', { name, disabled: false }).first().click({ noWaitAfter: true });
    const download = await coming;
    await download.saveAs(path);
    return { name: download.suggestedFilename() };
  },
  async axe() {
    const violations = [];
    for (const frame of page.frames()) {
      // A sandboxed document runs nothing, axe included: a copy of it with its style sheet is judged.
      const sandboxed = frame !== page.mainFrame() || letters.has(frame.url());
      const judged = sandboxed ? await copyOf(frame) : page;
      await judged.evaluate(axe.source);
      const found = await judged.evaluate(() => globalThis.axe.run(document, { iframes: false }));
      if (sandboxed) await judged.close();
      for (const one of found.violations) {
        violations.push({ id: one.id, help: one.help, where: one.nodes.map((node) => node.html.slice(0, 200)), page: frame.url() });
      }
    }
    return { violations };
  },
  async measure() {
    return page.evaluate(() => {
      const shown = (element) => {
        const box = element.getBoundingClientRect();
        // What is there for readers of screens only is cut to a dot.
        return box.width > 1 && box.height > 1 && getComputedStyle(element).visibility !== 'hidden';
      };
      const named = (element) => `${element.tagName.toLowerCase()} «${(element.innerText || element.id).slice(0, 40)}»`;
      const targets = [...document.querySelectorAll('a, button, input:not([type=hidden]), textarea, select')]
        .filter(shown)
        .filter((element) => {
          // A link inside a sentence has the line's height (WCAG 2.5.8, exception "inline").
          const inline = element.tagName === 'A' && getComputedStyle(element).display === 'inline';
          return !inline && Math.min(element.getBoundingClientRect().height, element.getBoundingClientRect().width) < 43.5;
        }).map(named);
      const texts = [];
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (walker.currentNode.textContent.trim() && shown(element) && parseFloat(getComputedStyle(element).fontSize) < 18) {
          texts.push(`${named(element)} ${getComputedStyle(element).fontSize}`);
        }
      }
      // A value beside a long name, broken after every few letters.
      const narrow = [...document.querySelectorAll('.valeurs dd')].filter(shown).filter((value) =>
        value.getBoundingClientRect().width < value.parentElement.getBoundingClientRect().width * 0.4).map(named);
      return {
        page: document.documentElement.scrollWidth, window: document.documentElement.clientWidth, targets, texts, narrow,
        primary: document.querySelectorAll('.principal').length, scripts: document.scripts.length,
      };
    });
  },
  async resize({ width }) { await page.setViewportSize({ width, height: 900 }); },
  async picture({ path }) { await page.screenshot({ path, fullPage: true }); },
  /** Follows a link that opens a page of its own; what is done next is done there, until `back`. */
  async beside({ name }) {
    const link = page.getByRole('link', { name }).first();
    const [opened] = await Promise.all([context.waitForEvent('page'), link.click({ noWaitAfter: true })]);
    await opened.waitForLoadState('load');
    [left, page] = [page, opened];
  },
  async back() {
    await page.close();
    [left, page] = [undefined, left];
  },
  async forget() {
    forgotten = await context.cookies();
    await context.clearCookies();
  },
  async remember() { await context.addCookies(forgotten); },
  async cookies() { return { cookies: await context.cookies() }; },
  async requests() { return { requests }; },
};

for await (const line of createInterface({ input: process.stdin })) {
  const step = JSON.parse(line);
  if (step.do === 'quit') break;
  let answer;
  try {
    answer = (await steps[step.do](step)) ?? {};
  } catch (error) {
    const said = await page?.locator('body').innerText({ timeout: 2_000 }).catch(() => '') ?? '';
    answer = { error: `${error.message}\nat ${page?.url()}\n${said.slice(0, 2_000)}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
process.stdout.write('{"closed":true}\n');
