// A mail as its reader's program shows it.
import { must } from "./stories.mjs";

/** What a part of a mail holds (RFC 2045): the first of this type. */
function part(raw, type) {
  const [, boundary] = /boundary="([^"]+)"/.exec(raw) ?? [];
  const found = raw.split(`--${boundary}`).find((one) => one.includes(`Content-Type: ${type}`));
  must(found, `there is no ${type}: ${raw}`);
  const [, head, body] = /^([^]*?)\r?\n\r?\n([^]*)$/.exec(found.trimStart());
  if (!/quoted-printable/i.test(head)) return body;
  const octets = body.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(octets, "latin1").toString("utf8");
}

const words = (text) => text.split(/\s+/).filter(Boolean).join(" ");

/** Each mail is readable in every look, says in HTML what it says in text, in its language, and loads nothing. */
export async function mails({ known, open, look }) {
  const context = await open();
  const page = await context.newPage();
  page.isMail = true;
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  for (const { name, language, raw } of known.mails) {
    await page.setContent(part(raw, "text/html"));
    await look(page, `mail-${name}`);
    const [shown, text] = [words(await page.locator("main").innerText()), words(part(raw, "text/plain"))];
    must(shown === text, `${name}: the page says "${shown}", the text "${text}"`);
    must((await page.locator("html").getAttribute("lang")) === language, `${name} is not in ${language}`);
    const letters = await page.locator("main").evaluate((main) => parseFloat(getComputedStyle(main).fontSize));
    must(letters >= 16, `${name}: letters of ${letters} px are small on a phone`);
  }
  must(asked.length === 0, `a mail loads something: ${asked.join(", ")}`);
  must(known.mails.length > 0, "there is no mail");
  await context.close();
}
