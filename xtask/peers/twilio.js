// Plays Twilio's messaging API over HTTPS: node twilio.js KEY CERTIFICATE ACCOUNT TOKEN. It prints what happens as JSON lines, the first
// with its port, and takes commands as JSON lines; it ends when its input does. Its webhooks are signed by the npm package twilio, and
// go to the address it was told, whatever host their URL names. What it does depends on the last four digits of the recipient.
const fs = require("fs");
const http = require("http");
const https = require("https");
const { createHash } = require("crypto");
const { getExpectedTwilioSignature } = require("twilio");
const [key, cert, account, token] = process.argv.slice(2);
const say = (event) => process.stdout.write(JSON.stringify(event) + "\n");
const messages = new Map();
const blocked = new Set();
const settings = { webhooks: null, receipts: true };
let last = 0;

const sid = (kind, number) => kind + createHash("md5").update(`${kind}${number}`).digest("hex");

function webhook(url, params) {
  if (!settings.webhooks) return;
  const { pathname, search } = new URL(url);
  const body = new URLSearchParams(params).toString();
  const headers = {
    "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "x-twilio-signature": getExpectedTwilioSignature(token, url, params),
  };
  const request = http.request(settings.webhooks + pathname + search, { method: "POST", headers }, (response) => {
    response.resume();
    say({ event: "webhook", status: response.statusCode, kind: params.MessageStatus ?? "inbound" });
  });
  request.on("error", () => say({ event: "webhook", status: 0 }));
  request.end(body);
}

function status(message, word, error) {
  message.status = word;
  message.error_code = error ?? null;
  const params = { AccountSid: account, MessageSid: message.sid, SmsSid: message.sid, MessageStatus: word, To: message.to, From: message.from };
  if (error) params.ErrorCode = String(error);
  if (message.callback) webhook(message.callback, params);
}

function answer(response, code, body) {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

const refusal = (response, http, code) => answer(response, http, { code, message: "refused", more_info: "", status: http });

function create(form, response) {
  const to = form.get("To");
  const end = to.slice(-4);
  const refusals = { 9010: [400, 21211], 9029: [429, 20429], 9050: [503, 0], 9054: [500, 0], 9016: [400, 21610] };
  if (blocked.has(to)) return refusal(response, 400, 21610);
  if (refusals[end]) return refusal(response, ...refusals[end]);
  const number = ++last;
  const message = {
    sid: sid("SM", number), status: "queued", error_code: null, to, from: form.get("From") ?? "+15555550199",
    body: form.get("Body"), date_updated: new Date().toUTCString().replace("GMT", "+0000"), callback: form.get("StatusCallback"),
  };
  messages.set(message.sid, message);
  say({ event: "taken", ...message, service: form.get("MessagingServiceSid"), smart: form.get("SmartEncoded") });
  if (end === "9020") return;
  if (end === "9070") return response.socket.destroy();
  // It was taken and will be told of, and its answer is lost.
  if (end === "9071") response.socket.destroy();
  else answer(response, 201, message);
  if (!settings.receipts || end === "9031") return;
  const words = end === "9032" ? ["sent", "undelivered"] : ["sent", "delivered"];
  words.forEach((word, nth) => setTimeout(() => status(message, word, word === "undelivered" ? 30003 : undefined), 20 * (nth + 1)));
}

const authorization = "Basic " + Buffer.from(`${account}:${token}`).toString("base64");
const base = `/2010-04-01/Accounts/${account}`;
const server = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (request, response) => {
  if (request.headers.authorization !== authorization) return refusal(response, 401, 20003);
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    if (request.method === "POST" && request.url === `${base}/Messages.json`) {
      return create(new URLSearchParams(Buffer.concat(chunks).toString()), response);
    }
    if (request.method === "GET" && request.url === `${base}.json`) return answer(response, 200, { sid: account, status: "active" });
    const [, name] = request.url.match(/\/Messages\/(\w+)\.json$/) ?? [];
    const message = messages.get(name);
    return message ? answer(response, 200, message) : refusal(response, 404, 20404);
  });
});

const commands = {
  sync: () => say({ event: "synced" }),
  set: (command) => Object.assign(settings, command.values),
  block: (command) => blocked.add(command.number),
  message: ({ url, from, to, text }) =>
    webhook(url, {
      ToCountry: "US", SmsMessageSid: sid("SM", `in${++last}`), NumMedia: "0", SmsSid: sid("SM", `in${last}`), SmsStatus: "received",
      Body: text, To: to, NumSegments: "1", MessageSid: sid("SM", `in${last}`), AccountSid: account, From: from, ApiVersion: "2010-04-01",
    }),
};
require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const command = JSON.parse(line);
    commands[command.do](command);
  })
  .on("close", () => process.exit(0));
server.listen(0, "127.0.0.1", () => say({ event: "ready", port: server.address().port }));
