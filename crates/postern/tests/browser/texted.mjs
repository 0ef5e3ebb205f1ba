// Codes by text: an account made with them and opened again, and what one alone opens.
import { go, invited, must, words } from "./stories.mjs";

const PASSWORD = "a long walk in the rain";

/** Every code that arrived as a text so far. */
async function codes({ root }) {
  const page = await (await fetch(`${root}/simulator`)).text();
  const texts = page.split('id="mails"')[0].split('class="bubble">').slice(1).map((text) => text.split("</div>")[0]);
  return new Set(texts.filter((text) => /one-time code|un solo uso/.test(text)).map((text) => text.match(/\d{6}/)[0]));
}

/** The code that arrived after `before`. */
async function newCode(known, before) {
  for (let n = 0; n < 100; n += 1) {
    for (const code of await codes(known)) if (!before.has(code)) return code;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("no code arrived");
}

/** Presses the button that sends a code, and types a wrong one and the right one. */
async function typed(page, known, look, mark) {
  const before = await codes(known);
  await go(page);
  await page.locator("#code").waitFor();
  await look(page, `texted-code-${mark}`);
  const code = await newCode(known, before);
  await page.locator("#code").fill(code === "000000" ? "111111" : "000000");
  await go(page);
  await page.locator(".summary-of-errors").waitFor();
  await look(page, `texted-code-wrong-${mark}`);
  await page.locator("#code").fill(code);
  await go(page);
}

/** Without any script: enrols with codes by text, signs in with one beside the password, and with one alone. */
export async function texted({ known, open, look }) {
  const { language } = known;
  const context = await open({ locale: language, javaScriptEnabled: false });
  const page = await context.newPage();
  page.judge = await (await open({ locale: language })).newPage();
  await page.goto(`${known.base}/enrol`);
  await invited(page, known);
  await page.locator("input[value=password]").check();
  await go(page);
  await page.locator("#name").fill(known.login);
  await page.locator("#password").fill(PASSWORD);
  await go(page);
  await page.locator("a[href$='/enrol/text']").click();
  must(await page.locator("input[name=alone][value=no]").isChecked(), "a code alone is let in without a word");
  await look(page, `enrol-text-${language}`);
  await page.locator("input[name=alone][value=yes]").check();
  await typed(page, known, look, `enrol-${language}`);
  await page.locator("ul.codes li").first().waitFor();
  await page.goto(`${known.base}/account/security`);
  await look(page, `security-phone-${language}`);
  await page.goto(`${known.base}/account/phone`);
  await look(page, `phone-${language}`);
  await page.getByRole("button", { name: words[language].signOut }).first().click();

  await page.goto(`${known.base}/sign-in/password`);
  await page.locator("#name").fill(known.login);
  await page.locator("#password").fill(PASSWORD);
  await go(page);
  await page.waitForURL(/sign-in\/text$/);
  await look(page, `sign-in-text-${language}`);
  await typed(page, known, look, `sign-in-${language}`);
  await page.waitForURL(/messages$/);
  await page.getByRole("button", { name: words[language].signOut }).first().click();

  await page.goto(`${known.base}/sign-in`);
  await page.locator("input[value=text]").check();
  await go(page);
  await look(page, `sign-in-alone-${language}`);
  await page.locator("#name").fill(known.login);
  await typed(page, known, look, `alone-${language}`);
  await page.waitForURL(/messages$/);
  must((await page.locator("ul.cards").getByText(words[language].result).count()) === 0, "the kind of a message is told after one factor");
  await look(page, `messages-alone-${language}`);
  await page.locator("ul.cards a").first().click();
  await page.waitForURL(/confirm$/);
  await look(page, `message-confirm-password-${language}`);
  await page.locator("#password").fill("not this one");
  await go(page);
  await page.locator(".summary-of-errors").waitFor();
  await look(page, `message-confirm-password-wrong-${language}`);
  await page.locator("#password").fill(PASSWORD);
  await go(page);
  await page.locator(".bubble").waitFor();

  // It is refused again, and then a code alone brings nobody in.
  await page.goto(`${known.base}/account/security`);
  await look(page, `security-alone-${language}`);
  await page.locator("form[action$='/account/phone/alone'] button").click();
  await page.locator("input[name=alone][value=yes]").waitFor({ state: "attached" });
  await look(page, `security-not-alone-${language}`);
  await context.close();
}
