"""A message centre on smpp.twisted, the library that Jasmin's own SMPP server is built on, behind TLS: smsc.py KEY CERTIFICATE.

It prints what happens as JSON lines, the first with its port, and takes commands as JSON lines; it ends when its input does.
"""
import json, logging, os, socket, ssl, sys, threading
from smpp.pdu.operations import DeliverSM
from smpp.pdu.pdu_types import (
    AddrNpi, AddrTon, CommandStatus, DataCoding, DataCodingDefault, EsmClass, EsmClassMode, EsmClassType,
    RegisteredDeliveryReceipt,
)
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.protocol import DataHandlerResponse
from smpp.twisted.server import IAuthenticatedSMPP, SMPPServerFactory
from twisted.cred.error import UnauthorizedLogin
from twisted.internet import defer, reactor

logging.disable()
key, certificate = sys.argv[1:3]
last = 0


def say(**event):
    print(json.dumps(event), flush=True)


def deliver(link, text, source, destination, of=EsmClassType.DEFAULT, coding=DataCodingDefault.SMSC_DEFAULT_ALPHABET):
    answered = link.sendDataRequest(DeliverSM(
        source_addr=source, source_addr_ton=AddrTon.INTERNATIONAL, source_addr_npi=AddrNpi.ISDN,
        destination_addr=destination, dest_addr_ton=AddrTon.INTERNATIONAL, dest_addr_npi=AddrNpi.ISDN,
        esm_class=EsmClass(EsmClassMode.DEFAULT, of), data_coding=DataCoding(schemeData=coding), short_message=text,
    ))
    answered.addCallbacks(
        lambda exchange: say(event="answered", status=exchange.response.status.name),
        lambda failure: say(event="unanswered", why=failure.type.__name__),
    )


def submitted(system, link, pdu):
    global last
    last += 1
    name, given = f"jasmin-{last:08x}", pdu.params
    coding = given["data_coding"].schemeData
    text = given["short_message"].decode("utf-16-be" if coding == DataCodingDefault.UCS2 else "ascii")
    to, ours = given["destination_addr"].decode(), given["source_addr"].decode()
    say(event="taken", id=name, to=to, text=text, coding=coding.name)
    if to.endswith("9010"):
        return CommandStatus.ESME_RINVDSTADR
    if given["registered_delivery"].receipt == RegisteredDeliveryReceipt.SMSC_DELIVERY_RECEIPT_REQUESTED:
        words = f"id:{name} sub:001 dlvrd:001 submit date:2611240000 done date:2611240001 stat:DELIVRD err:000 text:-"
        # Behind the answer that gives the message its name.
        reactor.callLater(0.05, deliver, link, words.encode(), to, ours, EsmClassType.SMSC_DELIVERY_RECEIPT)
    return DataHandlerResponse(CommandStatus.ESME_ROK, message_id=name)


class Centre(SMPPServerFactory):
    def login(self, system, password, address):
        if (system, password) != ("clinic", "s3cret"):
            return defer.fail(UnauthorizedLogin())
        return defer.succeed((IAuthenticatedSMPP, system, lambda: None))


factory = Centre(SMPPServerConfig(systems={"clinic": {"max_bindings": 2}}, msgHandler=submitted), None)
plain = reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port

# Twisted's own TLS needs a library besides; Python's does as well before it.
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
front = socket.create_server(("127.0.0.1", 0))


def pass_on(source, sink):
    try:
        while octets := source.recv(65536):
            sink.sendall(octets)
    except OSError:
        pass
    for one in (source, sink):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def accept():
    while True:
        caller, _ = front.accept()
        try:
            secure = context.wrap_socket(caller, server_side=True)
        except OSError:
            continue
        centre = socket.create_connection(("127.0.0.1", plain))
        threading.Thread(target=pass_on, args=(secure, centre), daemon=True).start()
        threading.Thread(target=pass_on, args=(centre, secure), daemon=True).start()


def obey():
    for line in sys.stdin:
        command = json.loads(line)
        reactor.callFromThread(commands[command.pop("do")], **command)
    os._exit(0)


def message(source, destination, text):
    coding = DataCodingDefault.SMSC_DEFAULT_ALPHABET if text.isascii() else DataCodingDefault.UCS2
    octets = text.encode("ascii" if text.isascii() else "utf-16-be")
    for link in factory.getBoundConnections("clinic"):
        deliver(link, octets, source.lstrip("+"), destination, coding=coding)


commands = {"sync": lambda: say(event="synced"), "message": message}
say(port=front.getsockname()[1])
for work in (accept, obey):
    threading.Thread(target=work, daemon=True).start()
reactor.run(installSignalHandlers=False)
