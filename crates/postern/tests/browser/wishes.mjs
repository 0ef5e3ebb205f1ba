// What a patient may choose, page by page, and a link that ends messages without an account.
import { enrolledByPasskey, go, must, words } from "./stories.mjs";

/** A number is added and confirmed by the code that went there; times, language and whom to call are chosen; all of it stands in the history. */
export async function wishes({ known, open, look }) {
  const { language } = known;
  const context = await open({ locale: language });
  const page = await context.newPage();
  await enrolledByPasskey(context, page, known);
  await page.goto(`${known.base}/choices/points`);
  await look(page, `points-${language}`);
  await page.goto(`${known.base}/choices/points/add`);
  await look(page, `points-add-${language}`);
  await page.locator("#value").fill("twelve");
  await go(page);
  await page.locator(".summary-of-errors").waitFor();
  await look(page, `points-add-wrong-${language}`);
  await page.locator("#value").fill("(212) 555-0199");
  await page.locator("input[name=shared][value=no]").check();
  await go(page);
  await page.waitForURL(/points\/code/);
  await look(page, `points-code-${language}`);
  const asked = page.url();
  let text = "";
  for (let n = 0; n < 50 && !/\d{6}/.test(text); n += 1) {
    await page.waitForTimeout(200);
    const found = page.locator("section[aria-labelledby=texts] article", { hasText: "0199" }).first();
    await page.goto(`${known.root}/simulator`);
    text = (await found.count()) ? await found.locator(".bubble").textContent() : "";
  }
  await page.goto(asked);
  await page.locator("#code").fill("12");
  await go(page);
  await page.locator(".summary-of-errors").waitFor();
  await look(page, `points-code-wrong-${language}`);
  await page.locator("#code").fill(text.match(/\d{6}/)[0]);
  await go(page);
  await page.getByRole("status").waitFor();
  await look(page, `points-confirmed-${language}`);
  for (const [part, pick] of [["times", "input[value=evening]"], ["language", "input[value=es]"]]) {
    await page.goto(`${known.base}/choices/${part}`);
    await look(page, `choices-${part}-${language}`);
    await page.locator(pick).check();
    await go(page);
    await page.waitForURL(/choices\/said/);
  }
  await page.goto(`${known.base}/choices/emergency`);
  await look(page, `choices-emergency-${language}`);
  await page.locator("#name").fill("Ida Linden");
  await page.locator("#phone").fill("soon");
  await go(page);
  await page.locator(".summary-of-errors").waitFor();
  await look(page, `choices-emergency-wrong-${language}`);
  await page.locator("#phone").fill("212 555 0166");
  await go(page);
  await page.waitForURL(/choices\/said/);
  must((await page.locator(".facts > div").count()) >= 4, "the history lacks what was said");
  await look(page, `choices-said-all-${language}`);
  await page.goto(`${known.base}/account/person/add`);
  await look(page, `person-add-${language}`);
  await go(page);
  await page.locator(".summary-of-errors").waitFor();
  await look(page, `person-add-empty-${language}`);
  await page.goto(`${known.base}/messages`);
  await page.locator("summary").first().click();
  await look(page, `messages-find-${language}`);
  await page.locator("#word").fill("umbrella");
  await page.locator("details.find button[type=submit]").click();
  await page.getByRole("status").waitFor();
  must(!page.url().includes("umbrella"), "the word is in the address");
  await look(page, `messages-found-none-${language}`);
  await page.goto(`${known.base}/choices?lang=${language}`);
  must((await page.getByText(words[language].choices).count()) > 0, "the language of the pages changed");
  await context.close();
}

/** Whoever holds the link of a notice ends that kind of message by one press, and by nothing less. */
export async function stop({ known, open, look }) {
  for (const language of ["en", "es"]) {
    const context = await open({ locale: language, javaScriptEnabled: false });
    const page = await context.newPage();
    page.judge = await (await open({ locale: language })).newPage();
    await page.goto(`${known.root}/simulator`);
    const notice = page.locator("article", { hasText: known.reached }).getByRole("link").first();
    await page.goto(`${known.root}${await notice.getAttribute("href")}`);
    await page.locator("main a", { hasText: language === "en" ? "Stop these" : "No recibir" }).click();
    await look(page, `stop-${language}`);
    await go(page);
    await look(page, `stop-done-${language}`);
    await context.close();
  }
}
