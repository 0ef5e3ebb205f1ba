// Stories that begin where somebody is signed in already, or has an account: the Rust test made it over HTTP.
import { enrolledByPasskey, go, must, totp, words } from "./stories.mjs";

/** A browser that holds the cookies of somebody who is signed in. */
async function signedIn({ known, open }, options = {}) {
  const context = await open(options);
  await context.addCookies(known.cookies);
  return [context, await context.newPage()];
}

/** Who stands for a child sees whose messages these are, reads what may be read, and never learns of the rest. */
export async function proxy({ known, open, look }) {
  for (const language of ["en", "es"]) {
    const [context, page] = await signedIn({ known, open }, { locale: language });
    await page.goto(`${known.base}/messages?lang=${language}`);
    if (known.ended) {
      must((await page.locator(".cards li").count()) === 0, "there are messages still");
      must((await page.locator("details.find").count()) === 0, "one may look for something where there is nothing");
      await look(page, `proxy-empty-${known.ended}-${language}`);
      const gone = await page.goto(`${known.base}/messages/${known.open}`);
      must(gone.status() === 404 || page.url().endsWith("/sign-in"), `what was open still is: ${gone.status()}`);
      await look(page, `proxy-${known.ended}-${language}`);
      await context.close();
      continue;
    }
    must((await page.locator(".acting").textContent()).trim() !== "", "whom one acts for is not said");
    const html = await page.content();
    must(html.includes(known.open) && !html.includes(known.hidden), "the list is not what a mother may see");
    must((await page.locator(".cards li").count()) === 1, "there is more than one message");
    await look(page, `proxy-messages-${language}`);
    await page.locator(".cards a").first().click();
    must((await page.locator(".bubble").first().textContent()).includes("8.2 %"), "the open message is not there");
    must(await page.locator(".acting").isVisible(), "whom one acts for is not said beside a message");
    await look(page, `proxy-message-${language}`);
    for (const path of ["", "/sent"]) {
      const hidden = await page.goto(`${known.base}/messages/${known.hidden}${path}`);
      must(hidden.status() === 404, `what is the child's alone is answered ${hidden.status()}`);
      must(!(await page.content()).includes("8.2"), "and told");
    }
    await look(page, `proxy-hidden-${language}`);
    await page.goto(`${known.base}/choices`);
    must((await page.locator("input[type=checkbox]").count()) === 0, "a proxy chooses for the patient");
    await look(page, `proxy-choices-${language}`);
    await page.goto(`${known.base}/account`);
    await look(page, `proxy-account-${language}`);
    await context.close();
  }
}

/** Somebody guesses until they must wait; the owner comes in by passkey all the same. */
export async function attacker({ known, open, look }) {
  const context = await open();
  const page = await context.newPage();
  await enrolledByPasskey(context, page, known);
  await page.goto(`${known.base}/messages`);
  await page.getByRole("button", { name: words.en.signOut, exact: true }).first().click();
  for (const language of ["en", "es"]) {
    const elsewhere = await open({ locale: language });
    const guess = await elsewhere.newPage();
    let said = "";
    for (let n = 0; n < 8; n += 1) {
      await guess.goto(`${known.base}/sign-in/password`);
      await guess.locator("#name").fill(known.login);
      await guess.locator("#password").fill(`a guess, number ${n}`);
      await go(guess);
      said = await guess.locator(".summary-of-errors").textContent();
    }
    must(/minut/i.test(said), `who guesses is not told to wait: ${said}`);
    must((await guess.locator("#password").inputValue()) === "", "the password is said back");
    await look(guess, `locked-out-${language}`);
    await elsewhere.close();
  }
  await page.goto(`${known.base}/sign-in/passkey`);
  await go(page);
  await page.locator(".cards li").first().waitFor();
  await context.close();
}

/** What is specially protected is shown after a factor was shown again, and not before. */
export async function again({ known, open, look }) {
  const [context, page] = await signedIn({ known, open });
  const path = `${known.base}/messages/${known.message}`;
  await page.goto(`${known.base}/messages`);
  must(page.url().endsWith("/messages"), "the session is over");
  await page.goto(path);
  must(page.url().endsWith("/confirm"), `it is shown without asking again: ${page.url()}`);
  must(!(await page.content()).includes(known.body), "it is told where a factor is asked for");
  await look(page, "again-en");
  await page.locator("#code").fill("000000");
  await go(page);
  await page.locator(".summary-of-errors").waitFor();
  await look(page, "again-wrong-en");
  const stolen = await open();
  await stolen.addCookies(known.cookies);
  await page.locator("#code").fill(totp(known.key, 0, known.offset));
  await go(page);
  await page.locator(".bubble").waitFor();
  must((await page.locator(".bubble").first().textContent()).includes(known.body), "after that it is not there");
  await look(page, "again-shown-en");
  const thief = await stolen.newPage();
  await thief.goto(path);
  must(thief.url().endsWith("/sign-in"), "the cookie of before is worth something still");
  await context.close();
  await stolen.close();
}

/** A mark is taken away while a text waits. What becomes of the text is asked by who tells this story. */
export async function queued({ known, open, look }) {
  const [context, page] = await signedIn({ known, open });
  await page.goto(`${known.base}/choices`);
  const marks = page.locator("input[type=checkbox][value=appointment_reminder]");
  for (const mark of await marks.all()) await mark.uncheck();
  await go(page);
  await page.getByRole("status").waitFor();
  await look(page, "choices-while-one-waits-en");
  await context.close();
}

/** Presses Tab until what is in focus fits, and says so visibly. */
async function tabTo(page, what, fits) {
  for (let n = 0; n < 60; n += 1) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate(fits);
    if (!found) continue;
    const seen = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement);
      const beside = document.activeElement.nextElementSibling;
      const drawn = (one) => (one.outlineStyle !== "none" && parseFloat(one.outlineWidth) > 0) || one.boxShadow !== "none";
      return drawn(style) || (beside !== null && drawn(getComputedStyle(beside)));
    });
    must(seen, `${what} does not show that it is in focus`);
    return;
  }
  throw new Error(`${what} is not reached by the keyboard`);
}

/** Signs in, reads and signs out by the keyboard alone; going back shows nothing. */
export async function keyboard({ known, open, look }) {
  const context = await open();
  const page = await context.newPage();
  const keys = page.keyboard;
  const button = () => document.activeElement.matches("main button[type=submit]");
  await page.goto(`${known.base}/`);
  await keys.press("Tab");
  must(await page.evaluate(() => document.activeElement.matches("a.skip")), "the first stop does not skip to the content");
  await tabTo(page, "the way to sign in", () => document.activeElement.matches("main a.button"));
  await keys.press("Enter");
  await page.waitForURL("**/sign-in");
  await tabTo(page, "the ways", () => document.activeElement.matches("input[type=radio]"));
  await keys.press("Space");
  while (!(await page.locator("input[value=password]").isChecked())) await keys.press("ArrowDown");
  await tabTo(page, "the button", button);
  await keys.press("Enter");
  await page.waitForURL("**/sign-in/password");
  await tabTo(page, "the name", () => document.activeElement.id === "name");
  await keys.type(known.login);
  await tabTo(page, "the password", () => document.activeElement.id === "password");
  await keys.type(known.password);
  await keys.press("Enter");
  await page.waitForURL("**/sign-in/code");
  await tabTo(page, "the code", () => document.activeElement.id === "code");
  await keys.type(totp(known.key, 1, known.offset));
  await keys.press("Enter");
  await page.waitForURL("**/messages");
  await look(page, "keyboard-messages-en");
  await tabTo(page, "a message", () => document.activeElement.matches(".cards a"));
  await keys.press("Enter");
  await page.locator(".bubble").first().waitFor();
  const read = page.url();
  const told = (await page.locator(".bubble").first().textContent()).trim();
  await tabTo(page, "the answer", () => document.activeElement.matches("textarea"));
  await keys.type("Typed without a mouse");
  await tabTo(page, "the button of the answer", button);
  await keys.press("Enter");
  await page.locator(".mine .bubble").waitFor();
  await tabTo(page, "the way out", () => document.activeElement.matches("header form button"));
  await keys.press("Enter");
  await page.waitForURL("**/signed-out");
  await look(page, "keyboard-signed-out-en");
  for (let n = 0; n < 3; n += 1) {
    await page.goBack();
    must(!(await page.content()).includes(told), `${n + 1} back there is the message`);
  }
  await page.goto(read);
  must(page.url().endsWith("/sign-in"), "its address shows it still");
  await context.close();
}

/** A letter is written while the session ends in another window: its words are given back, and taken from the page that gives them back. */
export async function letter({ known, open, look }) {
  const context = await open();
  const [page, other] = [await context.newPage(), await context.newPage()];
  const signIn = async (at) => {
    await at.goto(`${known.base}/sign-in/password`);
    await at.locator("#name").fill(known.login);
    await at.locator("#password").fill(known.password);
    await go(at);
    await at.goto(`${known.base}/sign-in/recovery`);
    await at.locator("#code").fill(known.paper.pop());
    await go(at);
  };
  const signOut = (language) => other.getByRole("button", { name: words[language].signOut, exact: true }).first().click();
  const box = () => page.locator("#text").inputValue();
  for (const language of ["en", "es"]) {
    await signIn(page);
    await page.goto(`${known.base}/messages/${known.message}?lang=${language}`);
    await page.locator("#text").fill(known.text);
    await other.goto(`${known.base}/account`);
    await signOut(language);
    await other.waitForURL("**/signed-out");
    await page.locator("form.column button[type=submit]").click();
    await page.locator("textarea[readonly]").waitFor();
    must((await box()) === known.text, "the words are lost");
    must(!(await page.content()).includes(known.body), "the message is shown to nobody in particular");
    await look(page, `letter-signed-out-${language}`);

    await signIn(page);
    await page.goto(`${known.base}/messages/${known.message}`);
    await page.locator("#text").fill(known.text);
    await other.goto(`${known.base}/account`);
    await signOut(language);
    await other.waitForURL("**/signed-out");
    await signIn(other);
    await page.locator("form.column button[type=submit]").click();
    await page.locator(".summary-of-errors").waitFor();
    must((await box()) === known.text, "the words are lost");
    await look(page, `letter-again-${language}`);
    await go(page);
    await page.waitForURL("**/sent");
    must((await page.locator(".mine .body").last().textContent()) === known.text, "the letter was not taken");
    await look(page, `letter-sent-${language}`);
    await other.goto(`${known.base}/account`);
    await signOut(language);
    await other.waitForURL("**/signed-out");
  }
  await context.close();
}

/** A minor sees who reads with them, asks the practice that it end, and saves a file that the practice sent. */
export async function minor({ known, open, look }) {
  for (const language of ["en", "es"]) {
    const [context, page] = await signedIn({ known, open }, { locale: language });
    await page.goto(`${known.base}/messages/${known.message}?lang=${language}`);
    const [saved] = await Promise.all([page.waitForEvent("download"), page.locator(".files a").first().click()]);
    must(/^(file|plan)\.txt$/.test(saved.suggestedFilename()), `it is saved as ${saved.suggestedFilename()}`);
    await look(page, `message-from-practice-file-${language}`);
    await page.goto(`${known.base}/account`);
    const form = page.locator("form[action$='/account/proxy']");
    await look(page, `account-minor-${language === "en" ? "asks" : "asked"}-${language}`);
    if (language === "en") {
      await form.locator("button").click();
      await page.getByRole("heading", { level: 1 }).waitFor();
      await look(page, "account-minor-done-en");
      await page.locator("main a.button").click();
      await page.waitForURL(/account$/);
    }
    must((await form.count()) === 0, "what was asked for is asked again");
    must(/202\d/.test(await page.locator("main").textContent()), "when it was asked for is not said");
    await page.goto(`${known.base}/choices/said`);
    await look(page, `choices-said-minor-${language}`);
    // Who is signed out while writing is given every word back.
    await page.goto(`${known.base}/messages/${known.message}`);
    await page.locator("#text").fill("How long shall I walk?");
    await context.clearCookies();
    await go(page);
    await page.locator("main a[href$='/sign-in']").waitFor();
    must((await page.locator("#text").inputValue()) === "How long shall I walk?", "the words are lost");
    await look(page, `unsent-${language}`);
    await context.close();
  }
}

/** An account with a password, an app and a passkey shows any of them when a factor is asked for again; a passkey that fails says so. */
export async function mixed({ known, open, look }) {
  const [context, page] = await signedIn({ known, open });
  const device = await context.newCDPSession(page);
  await device.send("WebAuthn.enable");
  const { authenticatorId } = await device.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.goto(`${known.base}/account/passkey`);
  await go(page);
  await page.waitForURL(/account\/security$/);
  await look(page, "security-mixed-en");
  // The passkey stands first, the others beside it.
  await page.goto(`${known.base}/account/confirm?to=points`);
  must((await page.locator("a[href*='with=code']").count()) === 1 && (await page.locator("a[href*='with=recovery']").count()) === 1,
    "the other ways are not offered");
  await look(page, "confirm-mixed-en");
  await go(page);
  await page.waitForURL(/choices\/points$/);
  // By the code of the app, wrongly and rightly, and on to the same place.
  await page.goto(`${known.base}/account/confirm?to=points`);
  await page.locator("a[href*='with=code']").click();
  await page.locator("#code").fill("000000");
  await go(page);
  await page.locator(".summary-of-errors").waitFor();
  must((await page.locator("a[href*='with=passkey']").count()) === 1, "after a wrong code the passkey is not offered");
  await look(page, "confirm-mixed-wrong-en");
  await page.locator("#code").fill(totp(known.key, 1, known.offset));
  await go(page);
  await page.waitForURL(/choices\/points$/);
  // A device without the passkey: the page says so, and nothing was confirmed by that.
  await device.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  await page.addInitScript(() => { navigator.credentials.get = () => Promise.reject(new Error("none")); });
  await page.goto(`${known.base}/account/confirm?to=points`);
  await go(page);
  await page.locator("[data-passkey-refused]").waitFor();
  must(page.url().includes("/account/confirm"), "it went on without a factor");
  await context.close();
}
