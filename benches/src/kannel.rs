//! Kannel as somebody would set it up to lose nothing: every text on disk before it is taken (`store-type = spool`), and receipts asked for.
//! It speaks to the same centre, in the clear, which costs it less than our TLS costs us.

use crate::clinic::HttpAnswer;
use crate::sink::free_port;
use std::error::Error;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const BEARERBOX: &str = "/usr/sbin/bearerbox";
const SMSBOX: &str = "/usr/sbin/smsbox";

/// A running Kannel; killed when dropped.
#[derive(Debug)]
pub(crate) struct Kannel {
    processes: Vec<Child>,
    directory: PathBuf,
    /// Where it takes texts, over HTTP.
    pub(crate) address: SocketAddr,
}

impl Kannel {
    /// Starts one before the centre at `centre`; `None` when it is not there.
    pub(crate) fn start(centre: u16) -> Result<Option<Self>, Box<dyn Error>> {
        if !Path::new(BEARERBOX).exists() || !Path::new(SMSBOX).exists() {
            return Ok(None);
        }
        let directory = std::env::temp_dir().join(format!("postern-bench-kannel-{}", std::process::id()));
        fs::create_dir_all(directory.join("spool"))?;
        let [admin, boxes, http] = [free_port()?, free_port()?, free_port()?];
        let file = directory.join("kannel.conf");
        fs::write(&file, configuration(&directory, centre, admin, boxes, http))?;
        let mut kannel = Self { processes: Vec::new(), directory, address: SocketAddr::from(([127, 0, 0, 1], http)) };
        kannel.run(BEARERBOX, &file, boxes)?;
        kannel.run(SMSBOX, &file, http)?;
        Ok(Some(kannel))
    }

    fn run(&mut self, program: &str, file: &Path, port: u16) -> Result<(), Box<dyn Error>> {
        let mut command = Command::new(program);
        command.args(["-v", "4"]).arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.processes.push(command.spawn()?);
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).is_err() {
            if Instant::now() > deadline {
                return Err(format!("{program} does not start").into());
            }
        }
        Ok(())
    }

    /// One text, as it is asked for over HTTP on a connection that is kept.
    pub(crate) fn request(nth: usize) -> String {
        format!(
            "GET /cgi-bin/sendsms?username=bench&password=bench&to=%2B1212{:07}&text=Sunrise+Health%3A+your+code+is+{}&dlr-mask=31 \
             HTTP/1.1\r\nHost: kannel\r\n\r\n",
            5_550_000 + nth,
            10_000_000 + nth
        )
    }

    /// Whether it took one.
    pub(crate) fn took(answer: &HttpAnswer) -> Result<bool, String> {
        match answer.status {
            202 => Ok(true),
            status => Err(format!("Kannel answered {status}: {}", answer.body)),
        }
    }
}

impl Drop for Kannel {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            drop(process.kill());
            drop(process.wait());
        }
        drop(fs::remove_dir_all(&self.directory));
    }
}

fn configuration(directory: &Path, centre: u16, admin: u16, boxes: u16, http: u16) -> String {
    let at = directory.display();
    format!(
        "group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = bench
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
log-file = {at}/bearerbox.log
log-level = 4
box-allow-ip = 127.0.0.1
store-type = spool
store-location = {at}/spool
sms-outgoing-queue-limit = 1000000

group = smsc
smsc = smpp
smsc-id = centre
host = 127.0.0.1
port = {centre}
transceiver-mode = true
smsc-username = clinic
smsc-password = s3cret
system-type = x
max-pending-submits = 200

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {http}
sendsms-interface = 127.0.0.1
log-file = {at}/smsbox.log
log-level = 4

group = sendsms-user
username = bench
password = bench
default-sender = 12345
max-messages = 1
concatenation = 1

group = sms-service
keyword = default
text = x
"
    )
}
