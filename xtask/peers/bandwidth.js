// Plays Bandwidth's messaging API and its server of tokens over HTTPS: node bandwidth.js KEY CERTIFICATE ACCOUNT APPLICATION CLIENT SECRET
// USER PASSWORD, the last two being those of its webhooks. It prints what happens as JSON lines, the first with its port, and takes
// commands as JSON lines; it ends when its input does. What it is asked and what it tells is held against Bandwidth's own description of
// its API, and refused or never sent where it is otherwise. What it does depends on the last four digits of the recipient.
const fs = require("fs");
const http = require("http");
const https = require("https");
const { wrong } = require("./bandwidth_description.js");
const [key, cert, account, application, client, secret, user, password] = process.argv.slice(2);
const say = (event) => process.stdout.write(JSON.stringify(event) + "\n");
const basic = (name, word) => "Basic " + Buffer.from(`${name}:${word}`).toString("base64");
const messages = new Map();
const blocked = new Set();
const tokens = new Set();
const settings = { webhooks: null, receipts: true, expires: 3600 };
let last = 0;
const id = () => `1589228074${String(++last).padStart(3, "0")}lm4k2je7j7jklbn2`;
const now = () => new Date().toISOString();

function webhook(schema, event) {
  const fault = wrong(schema, event);
  if (fault) throw new Error(`${event.type}: ${fault}`);
  if (!settings.webhooks) return;
  const body = JSON.stringify([event]);
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "user-agent": "BandwidthAPI/v2",
    authorization: basic(user, password),
  };
  const request = http.request(settings.webhooks, { method: "POST", headers }, (response) => {
    response.resume();
    say({ event: "webhook", status: response.statusCode, kind: event.type });
  });
  request.on("error", () => say({ event: "webhook", status: 0 }));
  request.end(body);
}

const event = (message, type, description, errorCode) => ({
  type, time: now(), description, to: message.to[0], ...(errorCode && { errorCode }),
  message: { ...message, text: "" },
});

function status(message, type, word, errorCode) {
  Object.assign(messages.get(message.id), { messageStatus: word, errorCode: errorCode ?? 0 });
  webhook("statusCallback", event(message, type, type, errorCode));
}

function answer(response, code, body) {
  response.writeHead(code, { "content-type": "application/json;charset=utf-8" });
  response.end(JSON.stringify(body));
}

const refusal = (response, code, type, field) =>
  answer(response, code, { type, description: "refused", ...(field && { fieldErrors: [{ fieldName: field, description: "refused" }] }) });

function create(asked, response) {
  const fault = wrong("messageRequest", asked);
  if (fault) {
    say({ event: "malformed", fault });
    return refusal(response, 400, "request-validation");
  }
  const to = asked.to[0];
  const end = to.slice(-4);
  const refusals = {
    9010: [400, "request-validation", "to"], 9011: [400, "request-validation", "from"], 9029: [429, "max-message-queue-size-exceeded"],
    9050: [503, "unavailable"], 9054: [500, "internal-server-error"],
  };
  if (asked.applicationId !== application) return refusal(response, 400, "request-validation", "applicationId");
  if (refusals[end]) return refusal(response, ...refusals[end]);
  const message = {
    id: id(), owner: asked.from, applicationId: application, time: now(), segmentCount: 1, direction: "out", to: asked.to,
    from: asked.from, tag: asked.tag,
  };
  messages.set(message.id, {
    messageId: message.id, accountId: account, sourceTn: asked.from, destinationTn: to, messageStatus: "ACCEPTED",
    messageDirection: "OUTBOUND", messageType: "sms", segmentCount: 1, errorCode: 0, receiveTime: message.time, carrierName: "other",
  });
  say({ event: "taken", ...asked, id: message.id });
  if (end === "9020") return;
  if (end === "9070") return response.socket.destroy();
  // It was taken and will be told of, and its answer is lost.
  if (end === "9071") response.socket.destroy();
  else answer(response, 202, { ...message, text: asked.text });
  if (!settings.receipts || end === "9031") return;
  const failures = { 9016: 4775, 9032: 4770, 9033: 9902 };
  const failure = blocked.has(to) ? 4775 : failures[end];
  setTimeout(() => status(message, "message-sending", "SENDING"), 20);
  setTimeout(() => (failure ? status(message, "message-failed", "FAILED", failure) : status(message, "message-delivered", "DELIVERED")), 40);
}

function token(request, body, response) {
  if (request.headers.authorization !== basic(client, secret) || body !== "grant_type=client_credentials") {
    return answer(response, 401, { error: "invalid_client" });
  }
  const bearer = `token-${++last}`;
  tokens.add(bearer);
  say({ event: "granted" });
  answer(response, 200, { access_token: bearer, token_type: "Bearer", expires_in: settings.expires });
}

const base = `/api/v2/users/${account}/messages`;
const server = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString();
    const url = new URL(request.url, "https://localhost");
    if (request.method === "POST" && url.pathname === "/api/v1/oauth2/token") return token(request, body, response);
    const [scheme, bearer] = (request.headers.authorization ?? "").split(" ");
    if (scheme !== "Bearer" || !tokens.has(bearer)) return refusal(response, 401, "unauthorized");
    if (url.pathname !== base) return refusal(response, 404, "not-found");
    if (request.method === "POST") return create(JSON.parse(body), response);
    const found = messages.get(url.searchParams.get("messageId"));
    const list = { totalCount: found ? 1 : 0, pageInfo: {}, messages: found ? [found] : [] };
    const fault = wrong("messagesList", list);
    if (fault) throw new Error(fault);
    return answer(response, 200, list);
  });
});

const commands = {
  sync: () => say({ event: "synced" }),
  set: (command) => Object.assign(settings, command.values),
  revoke: () => tokens.clear(),
  block: (command) => blocked.add(command.number),
  message: ({ from, to, text, time }) => {
    const message = {
      id: id(), owner: to, applicationId: application, time: time ?? now(), segmentCount: 1, direction: "in", to: [to], from, text,
    };
    webhook("inboundCallback", { ...event(message, "message-received", "Incoming message received"), to, message });
  },
};
require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const command = JSON.parse(line);
    commands[command.do](command);
  })
  .on("close", () => process.exit(0));
server.listen(0, "127.0.0.1", () => say({ event: "ready", port: server.address().port }));
