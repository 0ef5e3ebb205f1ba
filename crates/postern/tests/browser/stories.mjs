// The stories. Each opens pages as a person would: by what they read and press.
import { createHmac } from "node:crypto";

/** The code that an authenticator app shows for `key` now (RFC 6238: SHA-1, six digits, thirty seconds). `ahead` = of a later step,
 *  `offset` = how far the clinic's clock is ahead of ours, in seconds. */
export function totp(key, ahead = 0, offset = known_offset) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = "";
  for (const letter of key.replace(/[^A-Z2-7]/g, "")) bits += letters.indexOf(letter).toString(2).padStart(5, "0");
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  const seconds = Math.floor(Date.now() / 1000) + (offset ?? 0);
  step.writeBigUInt64BE(BigInt(Math.floor(seconds / 30) + ahead));
  const hash = createHmac("sha1", secret).update(step).digest();
  const at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
}
/** How far the clinic's clock is ahead of ours, in seconds: a demo's is. */
let known_offset = 0;

export const words = {
  en: {
    signIn: "Sign in", choices: "Choices", messages: "Messages", account: "Account", signOut: "Sign out", result: "Test result",
    why: "Why it came this way", who: "Who opened this", safety: "get help now", saved: "saved",
  },
  es: {
    signIn: "Entrar", choices: "Opciones", messages: "Mensajes", account: "Cuenta", signOut: "Salir", result: "Resultado de un examen",
    why: "Por qué llegó así", who: "Quién abrió esto", safety: "busque ayuda ahora", saved: "guardadas",
  },
};

export const go = (page) => page.locator("main button[type=submit]").first().click();
export const must = (condition, what) => {
  if (!condition) throw new Error(what);
};

/** Types the invitation and the two identifiers, one page each, and looks at every page. */
export async function invited(page, { invitation, born, name }, look, mark) {
  await page.getByLabel(/code|código/i).first().fill(invitation);
  if (look) await look(page, `enrol-code-${mark}`);
  await go(page);
  const [year, month, day] = born.split("-");
  await page.locator("#born").fill(month);
  await page.locator("#born-day").fill(day);
  await page.locator("#born-year").fill(year);
  if (look) await look(page, `enrol-birth-${mark}`);
  await go(page);
  await page.locator("#other").fill(name);
  if (look) await look(page, `enrol-more-${mark}`);
  await go(page);
}

/** Makes an account with a password and an authenticator app; gives the key of the app. */
async function withPassword(page, name, password, look, mark) {
  await page.locator("input[value=password]").check();
  if (look) await look(page, `enrol-way-${mark}`);
  await go(page);
  await page.locator("#name").fill(name);
  await page.locator("#password").fill("short");
  await go(page);
  await page.locator(".summary-of-errors").waitFor();
  if (look) await look(page, `enrol-password-wrong-${mark}`);
  await page.locator("#password").fill(password);
  await go(page);
  const key = (await page.locator("p.key").textContent()).trim();
  if (look) await look(page, `enrol-app-${mark}`);
  await page.locator("#code").fill(totp(key));
  await go(page);
  await page.locator("ul.codes li").first().waitFor();
  if (look) await look(page, `enrol-codes-${mark}`);
  return key;
}

/** The rules that stand against a reminder to a patient by text, as the API says now. */
async function against({ root, key, patient }) {
  const answer = await fetch(`${root}/v1/messages:check`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify({
      patient, purpose: "appointment_reminder", event: `Appointment/visit-${patient.slice(8)}`, channels: ["sms"],
      template: { name: "appointment_reminder", data: { start: "2026-12-03T10:00", site: "Main Street" } },
    }),
  });
  const decision = await answer.json();
  must(answer.status === 200, `the check was not answered: ${JSON.stringify(decision)}`);
  return decision.refusals.map((one) => one.rule);
}

/** Whoever has no account can look around, in both languages, and learns nothing. */
export async function stranger({ known, open, look }) {
  for (const language of ["en", "es"]) {
    const context = await open({ locale: language });
    const page = await context.newPage();
    await page.goto(`${known.base}/`);
    await look(page, `welcome-${language}`);
    await page.getByRole("link", { name: words[language].signIn, exact: true }).click();
    await look(page, `sign-in-${language}`);
    await go(page);
    await page.locator(".summary-of-errors").waitFor();
    await look(page, `sign-in-nothing-chosen-${language}`);
    await page.goto(`${known.base}/sign-in/lost`);
    await look(page, `lost-${language}`);
    await page.goto(`${known.base}/sign-in/password`);
    await page.locator("#name").fill("nobody");
    await page.locator("#password").fill("not a password of anybody");
    await go(page);
    await page.locator(".summary-of-errors").waitFor();
    await look(page, `sign-in-wrong-${language}`);
    await page.goto(`${known.base}/nothing-here`);
    await page.goto(`${known.base}/choices`);
    must(page.url().endsWith("/sign-in"), "choices are shown to nobody in particular");
    await context.close();
  }
}

/** The link of a text, an account, a result, an answer, a choice. */
export async function patient({ known, open, look }) {
  const { language } = known;
  known_offset = known.offset ?? 0;
  const say = words[language];
  const scripts = known.scripts ?? true;
  const context = await open({ locale: language, javaScriptEnabled: scripts });
  const page = await context.newPage();
  if (!scripts) page.judge = await (await open({ locale: language })).newPage();
  if (known.reached) {
    await page.goto(`${known.root}/simulator`);
    const notice = page.locator("article", { hasText: known.reached }).getByRole("link").first();
    await page.goto(`${known.root}${await notice.getAttribute("href")}`);
    await look(page, `landing-${language}`);
    await go(page);
  }
  await page.goto(`${known.base}/enrol`);
  await invited(page, known, look, language);
  const key = await withPassword(page, known.login, "a long walk in the rain", look, language);
  await page.locator("a.button").click();
  // The link led to its message: it is open now, and nothing of it is in the title or the address.
  if (!known.reached) await page.getByRole("link", { name: known.opens }).first().click();
  await page.locator(".bubble").waitFor();
  must((await page.locator(".bubble").textContent()).includes(known.body), "the text of the result is not there");
  await look(page, `message-${language}`);
  for (const part of await page.locator("summary").all()) await part.click();
  await look(page, `message-told-${language}`);
  await go(page);
  await page.locator(".summary-of-errors").waitFor();
  await look(page, `message-empty-answer-${language}`);
  await page.locator("#text").fill(known.answer);
  await go(page);
  await page.locator(".mine .bubble").waitFor();
  must((await page.locator(".mine").textContent()).includes(known.answer), "the answer is not in the thread");
  await look(page, `message-answered-${language}`);
  const file = (name, text) => ({ name, mimeType: "image/jpeg", buffer: Buffer.from(text) });
  await page.locator("#file").setInputFiles([file("page.html", "<html><script>alert(1)</script>")]);
  await page.locator("#text").fill(known.answer);
  await go(page);
  await page.locator(".summary-of-errors").waitFor();
  must((await page.locator("#text").inputValue()) === known.answer, "the words went with the file");
  await look(page, `message-file-wrong-${language}`);
  await page.locator("#file").setInputFiles([file("my knee.txt", "It is swollen."), file("again.txt", "It is purple.")]);
  await go(page);
  await page.locator(".files a").first().waitFor();
  const [saved] = await Promise.all([page.waitForEvent("download"), page.locator(".files a").first().click()]);
  must(/^(file|my knee)\.txt$/.test(saved.suggestedFilename()), `it is saved as ${saved.suggestedFilename()}`);
  await look(page, `message-files-${language}`);
  await page.locator("#text").fill(known.danger);
  await go(page);
  await page.getByText(say.safety).waitFor();
  await look(page, `safety-${language}`);
  // It has an address of its own: whoever needs it in the other language, or opens it again, finds it.
  await page.goto(page.url());
  await page.getByText(say.safety).waitFor();

  await page.getByRole("link", { name: say.messages, exact: true }).click();
  await page.locator(".cards li").first().waitFor();
  await look(page, `messages-${language}`);
  await page.getByRole("link", { name: say.choices, exact: true }).click();
  await look(page, `choices-${language}`);
  const paper = page.locator(".paper li");
  must(!(await paper.first().isVisible()), "what is for paper is on the screen too");
  await page.emulateMedia({ media: "print" });
  must(await paper.first().isVisible(), "what was chosen is not on paper");
  await page.emulateMedia({ media: "screen" });
  must(!(await against(known)).includes("TCP-14"), "an opt-out stands before there is one");
  await page.locator("#sms-0-appointment_reminder").uncheck();
  await go(page);
  await page.getByRole("status").waitFor();
  must(!(await page.locator("#sms-0-appointment_reminder").isChecked()), "the mark is still there");
  await look(page, `choices-saved-${language}`);
  must((await against(known)).includes("TCP-14"), "the next send does not obey the choice");
  await page.locator("#sms-0-appointment_reminder").check();
  await go(page);
  await page.getByRole("status").waitFor();
  must(!(await against(known)).includes("TCP-14"), "what was marked again is still refused");
  for (const part of ["one-place", "e-mail", "offers"]) {
    await page.goto(`${known.base}/choices/${part}`);
    await look(page, `choices-${part}-${language}`);
  }
  await page.locator("input[value=yes]").check();
  await go(page);
  await page.locator(".summary-of-errors").waitFor();
  await look(page, `choices-offers-unsigned-${language}`);
  await page.goto(`${known.base}/choices/said`);
  for (const part of await page.locator("summary").all()) await part.click();
  await look(page, `choices-said-${language}`);
  await page.getByRole("link", { name: say.account, exact: true }).click();
  await look(page, `account-${language}`);
  const download = await (await context.request.get(`${known.base}/account/messages.json`)).json();
  const result = download.messages.find((one) => one.body.includes(known.body));
  must(result, "the download lacks the result");
  must(result.you_wrote.some((one) => one.text === known.answer && one.files.some((file) => /^[0-9a-f]{64}$/.test(file.sha256))),
    `the download lacks what was written: ${JSON.stringify(result.you_wrote)}`);

  // Out, and in again with the password and the next code: the one that was used is refused.
  await page.getByRole("button", { name: say.signOut, exact: true }).first().click();
  await look(page, `signed-out-${language}`);
  await page.goBack();
  await page.goto(`${known.base}/messages`);
  must(page.url().endsWith("/sign-in"), "after signing out the messages are still there");
  await page.locator("input[value=password]").check();
  await go(page);
  await page.locator("#name").fill(known.login);
  await page.locator("#password").fill("a long walk in the rain");
  await look(page, `sign-in-password-${language}`);
  await go(page);
  await page.locator("#code").fill("000000");
  await go(page);
  await page.locator(".summary-of-errors").waitFor();
  await look(page, `sign-in-code-wrong-${language}`);
  await page.locator("#code").fill(totp(key, 1));
  await go(page);
  await page.locator(".cards li").first().waitFor();
  await context.close();
}

/** Makes an account with a passkey that the browser itself holds; `seen` looks at the page before the passkey is made. */
export async function enrolledByPasskey(context, page, known, seen = async () => {}) {
  const device = await context.newCDPSession(page);
  await device.send("WebAuthn.enable");
  await device.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.goto(`${known.base}/enrol`);
  await invited(page, known);
  await page.locator("input[value=passkey]").check();
  await go(page);
  await seen();
  await go(page);
  await page.locator("main a.button").first().waitFor();
}

/** A passkey makes an account and opens it again; nothing is typed but the invitation. */
export async function passkey({ known, open, look }) {
  const context = await open();
  const page = await context.newPage();
  await enrolledByPasskey(context, page, known, () => look(page, "enrol-passkey-en"));
  await page.locator("a.button").click();
  await page.locator(".cards li").first().waitFor();
  await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
  await page.goto(`${known.base}/sign-in/passkey`);
  await look(page, "sign-in-passkey-en");
  await go(page);
  await page.locator(".cards li").first().waitFor();
  await page.getByRole("link", { name: "Account", exact: true }).click();
  await look(page, "account-passkey-en");
}

/** A passkey is given a name of its own, and loses it again; a browser that finds no passkey says so and offers to try again. */
export async function naming({ known, open, look }) {
  const { language } = known;
  const context = await open({ locale: language });
  const page = await context.newPage();
  await enrolledByPasskey(context, page, known);
  await page.goto(`${known.base}/account/security`);
  const unnamed = (await page.locator(".cards strong").first().textContent()).trim();
  const named = async (name) => {
    await page.locator(".cards summary").first().click();
    await page.locator("#called-1").fill(name);
    await look(page, `passkey-naming-${language}`);
    await page.locator(".cards details button").first().click();
    await page.waitForURL(/account\/security$/);
    await page.locator(".cards details:not([open])").first().waitFor();
    return (await page.locator(".cards strong").first().textContent()).trim();
  };
  must((await named(known.called)) === known.called, "the name is not shown as it was typed");
  await look(page, `passkey-named-${language}`);
  must((await named("")) === unnamed, "an empty name does not give the old one back");
  const elsewhere = await (await open({ locale: language })).newPage();
  await elsewhere.addInitScript(() => { navigator.credentials.get = () => Promise.reject(new Error("none")); });
  await elsewhere.goto(`${known.base}/sign-in/passkey`);
  await go(elsewhere);
  await elsewhere.locator("[data-passkey-refused]").waitFor();
  await look(elsewhere, `sign-in-passkey-refused-${language}`);
  await elsewhere.context().close();
  await context.close();
}

/** Two minutes before a session ends by itself the page says so, and not before; opening a page starts the time anew. */
export async function idle({ known, open, look }) {
  const { language } = known;
  const context = await open({ locale: language });
  await enrolledByPasskey(context, await context.newPage(), known);
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(`${known.base}/messages`);
  const note = page.locator("[data-idle]");
  const seconds = Number(await note.getAttribute("data-idle"));
  must(seconds >= 240, `a session of ${seconds} seconds has no two minutes to warn in`);
  await page.clock.fastForward((seconds - 150) * 1000);
  must(!(await note.isVisible()), "it warns of the end too early");
  await page.clock.fastForward(31 * 1000);
  await note.waitFor();
  const told = (await note.textContent()).trim();
  must(/2 minut/.test(told), `when it ends is not told: ${told}`);
  await look(page, `idle-${language}`);
  await page.clock.fastForward(120 * 1000);
  const over = (await note.textContent()).trim();
  must(over && !/2 minut/.test(over), `two minutes later it still says: ${over}`);
  await look(page, `idle-over-${language}`);
  await page.reload();
  must(!(await note.isVisible()), "who opened a page is warned still");
  await context.close();
}

export * from "./wishes.mjs";
export * from "./texted.mjs";
