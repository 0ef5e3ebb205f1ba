//! aiosmtpd as a relay: Python's SMTP server, which announces REQUIRETLS (RFC 8689) when it is told to, and notes under what it took a mail.

use super::authority::Authority;
use super::missing_peer;
use super::scratch::Scratch;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running server; stopped when let go.
#[derive(Debug)]
pub(crate) struct Aiosmtpd {
    server: Child,
    dir: Scratch,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Of the authority that signed its certificate for `smarthost.test` and `localhost`.
    pub(crate) roots: PathBuf,
}

const SERVER: &str = r#"
import asyncio, ssl, sys
from aiosmtpd.smtp import SMTP
folder, announces = sys.argv[1], sys.argv[2] == "requiretls"

class Relay(SMTP):
    async def smtp_MAIL(self, arg):
        self.required = arg is not None and arg.upper().endswith(" REQUIRETLS")
        if self.required:
            # RFC 8689 section 2: only where it was announced, and that is inside TLS.
            if not announces or self.session.ssl is None:
                return await self.push("555 5.5.4 parameters not recognized")
            arg = arg[:-len(" REQUIRETLS")]
        await super().smtp_MAIL(arg)

class Notes:
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if announces and session.ssl is not None:
            responses.insert(1, "250-REQUIRETLS")
        return responses

    async def handle_DATA(self, server, session, envelope):
        with open(folder + "/taken", "a") as file:
            file.write(f"{'requiretls' if server.required else 'plain'} {envelope.mail_from} {','.join(envelope.rcpt_tos)}\n")
        return "250 2.0.0 Ok: queued as A1"

async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + "/relay.pem", folder + "/relay.key")
    make = lambda: Relay(Notes(), hostname="smarthost.test", tls_context=context, require_starttls=True)
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

impl Aiosmtpd {
    /// Starts one that announces REQUIRETLS, or not; `None` when it is not installed.
    pub(crate) fn start(name: &str, announces: bool) -> Option<Self> {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/venv/bin/python");
        if !python.exists() {
            missing_peer("aiosmtpd");
            return None;
        }
        let dir = Scratch::new(name);
        let authority = Authority::new();
        let roots = authority.write(&dir.0);
        let identity = authority.identity_of(&["smarthost.test", "localhost"]);
        std::fs::write(dir.0.join("relay.pem"), &identity.certificate).unwrap();
        std::fs::write(dir.0.join("relay.key"), &identity.key).unwrap();
        let word = if announces { "requiretls" } else { "no" };
        let mut command = Command::new(python);
        command.args(["-c", SERVER]).arg(&dir.0).arg(word).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap();
        Some(Self { server, dir, address: SocketAddr::from(([127, 0, 0, 1], port)), roots })
    }

    /// What it took: `requiretls` or `plain`, from whom and for whom.
    pub(crate) fn taken(&self) -> Vec<String> {
        let taken = std::fs::read_to_string(self.dir.0.join("taken")).unwrap_or_default();
        taken.lines().map(str::to_owned).collect()
    }
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
