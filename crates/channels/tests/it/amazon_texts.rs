//! Texts through Amazon: SNS against moto, End User Messaging against botocore's own model of it, and both against a scripted server for
//! what neither does on request.

use crate::support::Still;
use crate::support::missing_peer;
use crate::support::moto::Moto;
use crate::support::permits::{Wish, now, permitted};
use crate::support::scratch::Scratch;
use crate::support::web::{Reply, Web};
use async_trait::async_trait;
use jiff::Timestamp;
use postern_base::Secret;
use postern_channels::amazon::AmazonError;
use postern_channels::amazon::AwsKey;
use postern_channels::conformance::{Permitted, Subject, Told, check};
use postern_channels::https::HttpsConfig;
use postern_channels::sms::amazon::AmazonConfig;
use postern_channels::sms::amazon::end_user::EndUserMessaging;
use postern_channels::sms::amazon::sns::Sns;
use postern_channels::tls::Roots;
use postern_channels::{Health, Provider, RawRequest, Sent};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const PATIENT: &str = "+12125550142";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn config(origin: String, address: SocketAddr, roots: &Path) -> AmazonConfig {
    AmazonConfig {
        vendor: "textco".to_owned(),
        service: "messaging".to_owned(),
        region: "us-east-1".to_owned(),
        https: HttpsConfig {
            origin,
            address: Some(address),
            roots: Roots::File(roots.to_owned()),
            connect_time: Duration::from_secs(10),
            answer_time: Duration::from_secs(20),
        },
        key: AwsKey { id: "AKIDEXAMPLE".into(), secret: Secret::new(SECRET.to_owned()), token: None },
    }
}

fn at_moto(moto: &Moto) -> AmazonConfig {
    let address = SocketAddr::from(([127, 0, 0, 1], moto.port));
    let key = AwsKey { id: moto.key.0.clone(), secret: Secret::new(moto.key.1.clone()), token: None };
    AmazonConfig { key, ..config(format!("https://localhost:{}", moto.port), address, &moto.roots) }
}

fn sns(config: AmazonConfig) -> Sns {
    Sns::new(config, Arc::new(Still(now()))).unwrap()
}

fn end_user(config: AmazonConfig) -> EndUserMessaging {
    let set = Some("texts".to_owned());
    EndUserMessaging::new(config, "pool-0123456789abcdef".to_owned(), set, Arc::new(Still(now()))).unwrap()
}

async fn send(provider: &dyn Provider, to: &str) -> Sent {
    let (recorded, outbound) = permitted(&Wish::text(to)).await;
    provider.send(recorded, outbound, now()).await
}

/// A server, how it is reached, and where its roots are kept until the test is over.
async fn scripted(replies: Vec<Reply>, name: &str) -> (Web, AmazonConfig, Scratch) {
    let scratch = Scratch::new(name);
    let web = Web::start(replies, &scratch.0).await;
    let mut config = config(format!("https://vendor.test:{}", web.address.port()), web.address, &web.roots);
    config.https.answer_time = Duration::from_millis(400);
    (web, config, scratch)
}

#[tokio::test]
async fn sns_takes_a_text_and_one_who_told_amazon_to_stop_gets_none() {
    let Some(moto) = Moto::shared() else { return };
    let provider = sns(at_moto(&moto));
    let Sent::Delivered(handover) = send(&provider, PATIENT).await else { panic!() };
    assert!(handover.reference.0.len() > 10 && handover.session.unwrap().peer_name == "localhost");
    // moto's numbers that end in 99 opted out.
    let sent = send(&provider, "+12125550199").await;
    assert_eq!(sent, Sent::PermanentFailure { code: "aws-opted-out".to_owned() });
    assert!(provider.opted_out("aws-opted-out"));
    assert_eq!(provider.probe().await, Health::Up);
}

const CLEAR: Reply = Reply::Say(200, "", "<R><isOptedOut>false</isOptedOut></R>");

#[tokio::test]
async fn of_sns_what_may_have_been_taken_is_unknown_and_a_refusal_is_what_it_says() {
    let unknown = |code: &str| Sent::Unknown { code: code.to_owned() };
    let temporary = |code: &str| Sent::TemporaryFailure { code: code.to_owned() };
    for (replies, expected) in [
        (vec![CLEAR, Reply::Silence], unknown("answer-time-out")),
        (vec![CLEAR, Reply::Cut], unknown("connection-lost")),
        (vec![CLEAR, Reply::Say(200, "", "<x/>")], unknown("answer-not-understood")),
        (vec![CLEAR, Reply::Say(500, "", "<Code>InternalError</Code>")], unknown("aws-500-InternalError")),
        (vec![CLEAR, Reply::Say(400, "", "<Code>Throttling</Code>")], temporary("aws-400-Throttling")),
        (vec![CLEAR, Reply::Say(403, "", "<Code>AuthorizationError</Code>")], temporary("aws-403-AuthorizationError")),
        (vec![CLEAR, Reply::Say(503, "", "")], temporary("aws-503")),
        (
            vec![CLEAR, Reply::Say(400, "", "<Code>InvalidParameter</Code><Message>+1212 no</Message>")],
            Sent::PermanentFailure { code: "aws-400-InvalidParameter".to_owned() },
        ),
        (vec![Reply::Silence], temporary("opt-out-check-answer-time-out")),
        (vec![Reply::Say(200, "", "<isOptedOut>maybe</isOptedOut>")], temporary("opt-out-check-aws-200")),
    ] {
        let calls = replies.len();
        let (web, config, _scratch) = scripted(replies, "sns").await;
        assert_eq!(send(&sns(config), PATIENT).await, expected);
        assert_eq!(web.calls().len(), calls);
    }
}

/// Judges a call's body by the service's own model in botocore, and prints what is wrong with it.
const JUDGE: &str = r#"
import json, sys
from botocore.session import Session
from botocore.validate import ParamValidator
model = Session().get_service_model("pinpoint-sms-voice-v2")
operation = model.operation_model("SendTextMessage")
body = json.load(sys.stdin)
report = ParamValidator().validate(body, operation.input_shape)
print(json.dumps({
    "wrong": report.generate_report(), "unknown": sorted(set(body) - set(operation.input_shape.members)),
    "target": model.metadata["targetPrefix"] + ".SendTextMessage", "json": model.metadata["jsonVersion"],
    "name": model.metadata["signingName"], "answer": sorted(operation.output_shape.members),
}))
"#;

#[tokio::test]
async fn a_call_to_end_user_messaging_is_as_botocores_model_of_it_says() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/venv/bin/python");
    if !python.exists() {
        return missing_peer("botocore");
    }
    let (web, config, _scratch) = scripted(vec![Reply::Say(200, "", r#"{"MessageId":"m-1"}"#)], "end-user").await;
    let Sent::Delivered(handover) = send(&end_user(config), PATIENT).await else { panic!() };
    assert_eq!(handover.reference.0, "m-1");
    let (head, body) = web.calls().pop().unwrap();
    let scratch = Scratch::new("end-user-body");
    let file = scratch.0.join("body.json");
    std::fs::write(&file, &body).unwrap();
    let mut judge = Command::new(python);
    let output = judge.args(["-c", JUDGE]).stdin(std::fs::File::open(&file).unwrap()).output().unwrap();
    let judged: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&judged["wrong"], &judged["unknown"]), (&json!(""), &json!([])), "{judged}");
    assert_eq!(judged["answer"], json!(["MessageId"]));
    let head = head.to_lowercase();
    let said = |name: &str| judged[name].as_str().unwrap().to_lowercase();
    assert!(head.contains(&format!("x-amz-target: {}\r\n", said("target"))), "{head}");
    assert!(head.contains(&format!("content-type: application/x-amz-json-{}\r\n", said("json"))), "{head}");
    assert!(head.contains(&format!("/us-east-1/{}/aws4_request", said("name"))), "{head}");
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["MessageBody"], json!(Wish::text(PATIENT).body));
}

#[tokio::test]
async fn of_end_user_messaging_each_refusal_is_what_it_says_and_an_opt_out_is_one() {
    let permanent = |code: &str| Sent::PermanentFailure { code: code.to_owned() };
    let temporary = |code: &str| Sent::TemporaryFailure { code: code.to_owned() };
    let opted_out = r#"{"__type":"ConflictException","Reason":"DESTINATION_PHONE_NUMBER_OPTED_OUT","Message":"x"}"#;
    for (reply, expected) in [
        (Reply::Say(400, "", opted_out), permanent("aws-opted-out")),
        (Reply::Say(400, "", r#"{"__type":"x#ValidationException"}"#), permanent("aws-400-ValidationException")),
        (Reply::Say(400, "", r#"{"__type":"ThrottlingException"}"#), temporary("aws-400-ThrottlingException")),
        (Reply::Say(400, "", r#"{"__type":"ConflictException"}"#), temporary("aws-400-ConflictException")),
        (
            Reply::Say(400, "x-amzn-errortype: AccessDeniedException:\r\n", "{}"),
            temporary("aws-400-AccessDeniedException"),
        ),
        (Reply::Say(500, "", "{}"), Sent::Unknown { code: "aws-500".to_owned() }),
        (Reply::Say(200, "", "{}"), Sent::Unknown { code: "answer-not-understood".to_owned() }),
        (Reply::Silence, Sent::Unknown { code: "answer-time-out".to_owned() }),
        (Reply::Cut, Sent::Unknown { code: "connection-lost".to_owned() }),
    ] {
        let (web, config, _scratch) = scripted(vec![reply], "end-user-refusals").await;
        let provider = end_user(config);
        assert_eq!(send(&provider, PATIENT).await, expected);
        assert_eq!(web.calls().len(), 1);
        assert!(provider.opted_out("aws-opted-out"));
    }
    let (_, config, _scratch) = scripted(vec![Reply::Cut], "end-user-config").await;
    let bad = EndUserMessaging::new(config, "a b".to_owned(), None, Arc::new(Still(now())));
    assert!(matches!(bad.unwrap_err(), AmazonError::Value { key: "from", .. }));
}

/// A provider at a scripted server that takes everything.
struct Scripted {
    web: Web,
    provider: Arc<dyn Provider>,
    /// How many calls a text takes.
    calls: usize,
}

#[async_trait]
impl Subject for Scripted {
    fn provider(&self) -> Arc<dyn Provider> {
        Arc::clone(&self.provider)
    }
    fn now(&self) -> Timestamp {
        now()
    }
    async fn permitted(&self) -> Permitted {
        permitted(&Wish::text(PATIENT)).await
    }
    async fn permitted_elsewhere(&self) -> Permitted {
        permitted(&Wish { vendor: "otherco".to_owned(), ..Wish::text(PATIENT) }).await
    }
    async fn permitted_above_floor(&self) -> Option<Permitted> {
        None
    }
    async fn taken(&self) -> u64 {
        u64::try_from(self.web.calls().len() / self.calls).unwrap()
    }
    async fn requests(&self) -> Vec<(RawRequest, Told)> {
        Vec::new()
    }
    fn unreadable(&self) -> Option<RawRequest> {
        None
    }
    fn never_printed(&self) -> Vec<String> {
        vec![SECRET.to_owned(), PATIENT.to_owned(), Wish::text(PATIENT).body]
    }
}

#[tokio::test]
async fn sns_and_end_user_messaging_conform() {
    let taken = Reply::Say(200, "", "<R><MessageId>m-1</MessageId></R>");
    let (web, config, _scratch) = scripted(vec![CLEAR, taken], "sns-conforms").await;
    let subject = Scripted { web, provider: Arc::new(sns(config)), calls: 2 };
    assert_eq!(check(&subject).await, Vec::new());
    let (web, config, _scratch) =
        scripted(vec![Reply::Say(200, "", r#"{"MessageId":"m-1"}"#)], "end-user-conforms").await;
    let subject = Scripted { web, provider: Arc::new(end_user(config)), calls: 1 };
    assert_eq!(check(&subject).await, Vec::new());
}
