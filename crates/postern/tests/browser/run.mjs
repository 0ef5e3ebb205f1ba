// Tells one story in a real browser. Started by crates/postern/tests/it/portal.rs, which made the clinic it happens in.
//
//   node run.mjs FOLDER-OF-PEERS STORY < what the story needs to know, as JSON
//
// Nothing but loopback is reached: every other name is mapped to nowhere.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as begun from "./begun.mjs";
import * as letters from "./mails.mjs";
import * as fresh from "./stories.mjs";

const stories = { ...fresh, ...begun, ...letters };

const [, , peers, name] = process.argv;
const require = createRequire(join(peers, "node", "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const known = JSON.parse(readFileSync(0, "utf8"));
// A person asks for pictures by the environment.
known.shots ??= process.env.POSTERN_PICTURES;

/** Every page and state that was looked at, so that a story that looks at none fails. */
let looked = 0;

const looks = [
  { name: "phone", width: 390, height: 844, colorScheme: "light" },
  { name: "phone-dark", width: 390, height: 844, colorScheme: "dark" },
  { name: "desk", width: 1280, height: 900, colorScheme: "light" },
  { name: "desk-dark", width: 1280, height: 900, colorScheme: "dark" },
];

/** What still moves on a page of who asked for less motion (WCAG 2.2, success criterion 2.3.3). */
const moving = () => {
  const lasting = (time) => time.split(",").some((one) => parseFloat(one) * (one.trim().endsWith("ms") ? 1 : 1000) > 10);
  const styled = [...document.querySelectorAll("*")].filter((one) => {
    const style = getComputedStyle(one);
    return lasting(style.transitionDuration) || (style.animationName !== "none" && lasting(style.animationDuration));
  });
  return styled.map((one) => one.tagName).concat(document.getAnimations().map(() => "an animation"));
};

/** What of a page would be printed badly: words too pale for white paper (WCAG 2.2, success criterion 1.4.3: 4.5 to 1), and what is pressed. */
const misprinted = () => {
  const shown = (one) => one.checkVisibility();
  const part = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const bright = (colour) => {
    const [red, green, blue] = colour.match(/[\d.]+/g).map((number) => part(number / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const says = (one) => [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
  const words = [...document.body.querySelectorAll("*")].filter((one) => shown(one) && says(one));
  const pale = words.filter((one) => 1.05 / (bright(getComputedStyle(one).color) + 0.05) < 4.5);
  const pressed = [...document.querySelectorAll("form, nav, button")].filter(shown);
  return pale.map((one) => `"${one.textContent.trim().slice(0, 40)}" is pale`).concat(pressed.map((one) => `a ${one.localName}`));
};

/** Looks at a page in both widths and both colours: axe finds nothing, nothing has to be scrolled sideways, the title is bare. And at 400 %
 *  on a desk, which is 320 pixels of CSS (WCAG 2.2, success criterion 1.4.10): nothing has to be scrolled sideways there either. */
export async function look(page, what) {
  const seen = page.judge ? await copied(page) : page;
  for (const { name, width, height, colorScheme } of looks) {
    await seen.setViewportSize({ width, height });
    await seen.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    if (known.shots) await seen.screenshot({ path: join(known.shots, `${what}-${name}.png`), fullPage: true });
    const sideways = await seen.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (sideways > 0) throw new Error(`${what} (${name}): ${sideways} px too wide`);
    const found = await judged(seen);
    if (found.length) throw new Error(`${what} (${name}): ${JSON.stringify(found, null, 1)}`);
  }
  const moved = await seen.evaluate(moving);
  if (moved.length) throw new Error(`${what}: ${moved.join(", ")} move for who asked for less motion`);
  await seen.setViewportSize({ width: 320, height: 256 });
  const cut = await seen.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (cut > 0) throw new Error(`${what} at 400 %: ${cut} px too wide`);
  await seen.emulateMedia({ media: "print", colorScheme: "dark" });
  const bad = await seen.evaluate(misprinted);
  await seen.emulateMedia({ media: "screen" });
  if (bad.length) throw new Error(`${what} on paper: ${bad.join(", ")}`);
  const title = await seen.title();
  for (const word of known.never ?? []) {
    if (title.includes(word) || page.url().includes(encodeURIComponent(word))) throw new Error(`${what}: "${word}" in title or address`);
  }
  if (!page.judge) await page.setViewportSize({ width: 390, height: 844 });
  looked += 1;
}

/** The same page in a browser that runs scripts, for axe: one that runs none cannot be asked. */
async function copied(page) {
  const [address, body] = [page.url(), await page.content()];
  await page.judge.unrouteAll();
  await page.judge.route(address, (route) =>
    route.request().resourceType() === "document"
      ? route.fulfill({ body, contentType: "text/html; charset=utf-8" })
      : route.continue());
  await page.judge.goto(address);
  return page.judge;
}

/** What axe has against a page. */
async function judged(page) {
  await page.evaluate(axe);
  // A mail is read below its subject, which is its heading.
  const rules = page.isMail ? { "page-has-heading-one": { enabled: false } } : {};
  const result = await page.evaluate((rules) => window.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    rules,
  }), rules);
  return result.violations.map((v) => ({ id: v.id, nodes: v.nodes.map((n) => [n.html, n.failureSummary]) }));
}

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost", "--disable-background-networking"],
});
try {
  const open = (options = {}) => browser.newContext({ locale: "en-US", bypassCSP: true, ...options });
  await stories[name]({ known, open, look });
  if (looked === 0) throw new Error("the story looked at no page");
  console.log(`${looked} pages and states, each in ${looks.length} ways`);
} catch (problem) {
  console.error(problem.stack ?? String(problem));
  process.exitCode = 1;
} finally {
  await browser.close();
}
