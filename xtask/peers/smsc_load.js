// A message centre for measuring, on the npm package smpp: node smsc_load.js KEY CERTIFICATE WATCHED. It takes every text at once, over TLS on
// one port and in the clear on another, and sends a receipt for each that asks. It prints its ports, then how many texts it has taken and how
// many receipts were answered whenever that changes, and `seen` when a text holds WATCHED. It ends when its input does.
const smpp = require("smpp");
const fs = require("fs");
const [key, cert, watched] = process.argv.slice(2);
let [taken, receipted, told] = [0, 0, ""];

function submitted(session, pdu) {
  const id = (++taken).toString(16).padStart(8, "0");
  const message = pdu.short_message;
  const text = typeof message === "string" ? message : String(message.message ?? "");
  if (text.includes(watched)) process.stdout.write("seen\n");
  session.send(pdu.response({ message_id: id }));
  if (!(pdu.registered_delivery & 1)) return;
  const receipt = {
    source_addr: pdu.destination_addr, source_addr_ton: 1, source_addr_npi: 1, destination_addr: pdu.source_addr, esm_class: 4,
    short_message: `id:${id} sub:001 dlvrd:001 submit date:2611301600 done date:2611301600 stat:DELIVRD err:000 text:`,
  };
  session.deliver_sm(receipt, () => receipted++);
}

function serve(options) {
  const server = smpp.createServer(options, (session) => {
    session.on("error", () => {});
    for (const bind of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) {
      session.on(bind, (pdu) => session.send(pdu.response({ system_id: "centre" })));
    }
    session.on("enquire_link", (pdu) => session.send(pdu.response()));
    session.on("unbind", (pdu) => {
      session.send(pdu.response());
      session.close();
    });
    session.on("submit_sm", (pdu) => submitted(session, pdu));
  });
  return new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(server.address().port)));
}

setInterval(() => {
  const now = `${taken} ${receipted}`;
  if (now !== told) process.stdout.write(`${now}\n`);
  told = now;
}, 10);
process.stdin.resume().on("end", () => process.exit(0));
Promise.all([serve({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }), serve({})]).then((ports) => process.stdout.write(`${ports.join(" ")}\n`));
