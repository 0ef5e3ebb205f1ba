// A message centre on the npm package smpp, over TLS: node smsc.js KEY CERTIFICATE [LOG]. It prints what happens as JSON lines, the
// first with its port, and takes commands as JSON lines; it ends when its input does. LOG gets a line for every text it took.
// What it does depends on the last four digits of the recipient, as with the built-in simulator.
const smpp = require("smpp");
const fs = require("fs");
const [key, cert, log] = process.argv.slice(2);
const say = (event) => process.stdout.write(JSON.stringify(event) + "\n");
const sessions = new Set();
let last = 0;
let throttled = 0;
const settings = { receipts: true, rate: 0, system_id: "clinic", password: "s3cret" };
let second = 0;
let inSecond = 0;

function tooFast() {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) [second, inSecond] = [now, 0];
  return settings.rate > 0 && ++inSecond > settings.rate;
}

const receiptText = (id, state, error) => {
  const at = new Date().toISOString().replace(/\D/g, "").slice(2, 12);
  return `id:${id} sub:001 dlvrd:001 submit date:${at} done date:${at} stat:${state} err:${error} text:`;
};

// What was delivered and not answered: it is delivered again in the next session.
const outstanding = new Set();

function deliver(session, fields) {
  outstanding.add(fields);
  session.deliver_sm({ ...fields }, (answer) => {
    if (answer.command_status === 0 || answer.command_status === undefined) outstanding.delete(fields);
    say({ event: "answered", status: answer.command_status });
  });
}

function receipt(session, pdu, id, end) {
  const failed = end === "9032";
  const fields = {
    source_addr: pdu.destination_addr, source_addr_ton: 1, source_addr_npi: 1,
    destination_addr: pdu.source_addr, esm_class: 4,
    short_message: receiptText(id, failed ? "UNDELIV" : "DELIVRD", failed ? "021" : "000"),
  };
  if (end === "9061") {
    // A parameter without its NUL, and one that claims more than there is: real centres send both.
    const bytes = new smpp.PDU("deliver_sm", { ...fields, sequence_number: 0x700000 + last, short_message: "" }).toBuffer();
    const bad = Buffer.concat([
      Buffer.from([0x00, 0x1e, 0x00, id.length]), Buffer.from(id), Buffer.from([0x04, 0x27, 0x00, 0x01, 0x02]),
      Buffer.from([0x14, 0x03, 0x7f, 0xff, 0x01]),
    ]);
    const whole = Buffer.concat([bytes, bad]);
    whole.writeUInt32BE(whole.length, 0);
    session.socket.write(whole);
    return;
  }
  if (end === "9062") {
    deliver(session, { ...fields, short_message: "", receipted_message_id: id, message_state: 2 });
    return;
  }
  deliver(session, fields);
}

function submitted(session, pdu) {
  const end = pdu.destination_addr.slice(-4);
  if (tooFast() || (end === "9058" && throttled++ < 2)) {
    say({ event: "throttled" });
    session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    return;
  }
  const refusals = { 9010: smpp.ESME_RINVDSTADR, 9016: 0x401, 9008: smpp.ESME_RSYSERR };
  if (refusals[end] !== undefined) {
    session.send(pdu.response({ command_status: refusals[end] }));
    return;
  }
  const id = (++last).toString(16).padStart(8, "0");
  const message = pdu.short_message;
  const udh = message.udh ? [].concat(message.udh).map((part) => Buffer.from(part).toString("hex")).join("") : null;
  const text = typeof message === "string" ? message : String(message.message ?? "");
  if (log) fs.appendFileSync(log, `${pdu.destination_addr} ${text.replace(/\s+/g, " ")}\n`);
  say({
    event: "taken", id, to: pdu.destination_addr, from: pdu.source_addr, ton: pdu.dest_addr_ton, coding: pdu.data_coding,
    text, udh, sar: pdu.sar_segment_seqnum ?? null, of: pdu.sar_total_segments ?? null, receipt: pdu.registered_delivery,
  });
  if (end === "9020" || settings.mute) return;
  if (end === "9070") return session.socket.destroy();
  session.send(pdu.response({ message_id: id }));
  if (settings.receipts && pdu.registered_delivery & 1 && end !== "9031") receipt(session, pdu, id, end);
  if (end === "9041") from(session, pdu.destination_addr, pdu.source_addr, "STOP");
}

function from(session, source, destination, text) {
  deliver(session, {
    source_addr: source.replace("+", ""), source_addr_ton: 1, source_addr_npi: 1,
    // The package calls its GSM alphabet 1, which is IA5; centres call it 0.
    destination_addr: destination, short_message: text, data_coding: smpp.encodings.detect(text) === "ASCII" ? 0 : 8,
  });
}

function parts(session, { source, destination, texts, reference, order }) {
  for (const nth of order) {
    deliver(session, {
      source_addr: source.replace("+", ""), source_addr_ton: 1, source_addr_npi: 1, destination_addr: destination, esm_class: 0x40,
      short_message: { udh: Buffer.from([5, 0, 3, reference, texts.length, nth + 1]), message: texts[nth] },
    });
  }
}

const server = smpp.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (session) => {
  session.on("error", () => {});
  session.on("close", () => {
    if (sessions.delete(session)) say({ event: "closed" });
  });
  session.on("bind_transceiver", (pdu) => {
    const known = pdu.system_id === settings.system_id && pdu.password === settings.password;
    if (!known) {
      session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
      return session.close();
    }
    sessions.add(session);
    session.send(pdu.response({ system_id: "centre", sc_interface_version: 0x34 }));
    say({ event: "bound" });
    [...outstanding].forEach((fields) => deliver(session, fields));
  });
  session.on("enquire_link", (pdu) => {
    say({ event: "enquired" });
    if (!settings.deaf) session.send(pdu.response());
  });
  session.on("unbind", (pdu) => {
    say({ event: "unbound" });
    session.send(pdu.response());
    session.close();
  });
  session.on("submit_sm", (pdu) => submitted(session, pdu));
});
server.on("error", (error) => say({ event: "error", what: String(error) }));

const commands = {
  sync: () => say({ event: "synced" }),
  set: (command) => Object.assign(settings, command.values),
  message: (command) => [...sessions].slice(-1).forEach((session) => from(session, command.source, command.destination, command.text)),
  parts: (command) => [...sessions].slice(-1).forEach((session) => parts(session, command)),
  drop: () => [...sessions].forEach((session) => session.socket.destroy()),
  raw: (command) => [...sessions].forEach((session) => session.socket.write(Buffer.from(command.hex, "hex"))),
  leave: () => [...sessions].forEach((session) => session.unbind()),
};
require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const command = JSON.parse(line);
    commands[command.do](command);
  })
  .on("close", () => process.exit(0));
server.listen(0, "127.0.0.1", () => say({ event: "ready", port: server.address().port }));
