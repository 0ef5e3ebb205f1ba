//! moto, which plays Amazon: over TLS, with an identity, two configuration sets and a key it checks signatures by.

use super::authority::Authority;
use super::missing_peer;
use super::scratch::Scratch;
use serde_json::Value;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A running moto; stopped when the last user lets go.
#[derive(Debug)]
pub(crate) struct Moto {
    server: Child,
    dir: Scratch,
    /// Its port on `localhost`.
    pub(crate) port: u16,
    /// Of the authority that signed its certificate.
    pub(crate) roots: PathBuf,
    /// A key whose signatures it accepts: id and secret.
    pub(crate) key: (String, String),
}

/// Makes an identity, sets and a key, once it answers.
const SET_UP: &str = r#"
import boto3, json, socket, sys, time
port, ca = sys.argv[1:]
until = time.monotonic() + 60
while socket.socket().connect_ex(("127.0.0.1", int(port))) and time.monotonic() < until:
    time.sleep(0.1)
kw = dict(region_name="us-east-1", endpoint_url=f"https://localhost:{port}", verify=ca, aws_access_key_id="a", aws_secret_access_key="b")
iam, ses = boto3.client("iam", **kw), boto3.client("sesv2", **kw)
ses.create_email_identity(EmailIdentity="sunrise.example")
for name, policy in [("tls", "REQUIRE"), ("loose", "OPTIONAL")]:
    ses.create_configuration_set(ConfigurationSetName=name, DeliveryOptions={"TlsPolicy": policy})
iam.create_user(UserName="postern")
allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
iam.put_user_policy(UserName="postern", PolicyName="all", PolicyDocument=json.dumps(allow))
key = iam.create_access_key(UserName="postern")["AccessKey"]
print(key["AccessKeyId"], key["SecretAccessKey"])
"#;

/// Speaks to moto's own interface: reads what it took, or makes it check signatures after so many calls.
const ASK: &str = r#"
import ssl, sys, urllib.request
port, ca, path = sys.argv[1:4]
data = sys.argv[4].encode() if len(sys.argv) > 4 else None
url = f"https://localhost:{port}/moto-api/{path}"
call = urllib.request.Request(url, data, {"Content-Type": "text/plain"})
print(urllib.request.urlopen(call, context=ssl.create_default_context(cafile=ca)).read().decode())
"#;

fn venv(program: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/venv/bin").join(program)
}

impl Moto {
    /// The one that tests running at the same time share, or `None` when it is not installed.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        static RUNNING: Mutex<Weak<Moto>> = Mutex::new(Weak::new());
        if !venv("moto_server").exists() {
            missing_peer("moto");
            return None;
        }
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(moto) = running.upgrade() {
            return Some(moto);
        }
        let moto = Arc::new(Self::start());
        *running = Arc::downgrade(&moto);
        Some(moto)
    }

    /// One of the test's own, which nobody else's calls reach.
    pub(crate) fn own() -> Option<Self> {
        if !venv("moto_server").exists() {
            missing_peer("moto");
            return None;
        }
        Some(Self::start())
    }

    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dir = Scratch::new(&format!("moto-{port}"));
        let authority = Authority::new();
        let roots = authority.write(&dir.0);
        let identity = authority.identity("localhost");
        let (certificate, secret) = (dir.0.join("moto.pem"), dir.0.join("moto.key"));
        std::fs::write(&certificate, &identity.certificate).unwrap();
        std::fs::write(&secret, &identity.key).unwrap();
        let mut command = Command::new(venv("moto_server"));
        command.args(["-H", "127.0.0.1", "-p", &port.to_string(), "-s", "-c"]).arg(&certificate).arg("-k").arg(&secret);
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut moto = Self { server, dir, port, roots, key: Default::default() };
        let made = moto.python(SET_UP, &[]).unwrap();
        let (id, secret) = made.trim().split_once(' ').unwrap();
        moto.key = (id.to_owned(), secret.to_owned());
        moto
    }

    fn python(&self, script: &str, arguments: &[&str]) -> Option<String> {
        let mut python = Command::new(venv("python"));
        // Nothing of a user's own settings, and no proxy, has a say in where it calls.
        python.env_clear().env("HOME", &self.dir.0).args(["-c", script, &self.port.to_string()]);
        let output = python.arg(&self.roots).args(arguments).stdin(Stdio::null()).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    fn ask(&self, arguments: &[&str]) -> Option<String> {
        self.python(ASK, arguments)
    }

    /// From now on every call's signature is checked.
    pub(crate) fn check_signatures(&self) {
        self.ask(&["reset-auth", "0"]).unwrap();
    }

    /// The mails it took.
    pub(crate) fn mails(&self) -> Vec<Value> {
        let data: Value = serde_json::from_str(&self.ask(&["data.json"]).unwrap()).unwrap();
        data.pointer("/ses/RawMessage").and_then(Value::as_array).cloned().unwrap_or_default()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
