//! A passkey in software: what an authenticator and a browser would answer.

use super::*;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use postern_base::SystemRng;
use uuid::Uuid;

struct Software {
    pair: EcdsaKeyPair,
    id: Vec<u8>,
    count: u32,
    flags: u8,
}

impl Software {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self { pair, id: vec![9; 20], count: 0, flags: 0x05 }
    }

    fn client(kind: &str, offer: &PasskeyOffer, origin: &str) -> Vec<u8> {
        let challenge = offer.options["challenge"].as_str().unwrap();
        json!({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false}).to_string().into_bytes()
    }

    fn data(&self, host: &str, attested: bool) -> Vec<u8> {
        let mut data = sha256(host.as_bytes()).to_vec();
        data.push(self.flags | if attested { 0x40 } else { 0 });
        data.extend_from_slice(&self.count.to_be_bytes());
        if attested {
            data.extend_from_slice(&[0; 16]);
            data.extend_from_slice(&u16::try_from(self.id.len()).unwrap().to_be_bytes());
            data.extend_from_slice(&self.id);
            let point = self.pair.public_key().as_ref();
            data.extend_from_slice(&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
            data.extend_from_slice(&point[1..33]);
            data.extend_from_slice(&[0x22, 0x58, 0x20]);
            data.extend_from_slice(&point[33..65]);
        }
        data
    }

    fn make(&self, offer: &PasskeyOffer, at: &Site) -> PasskeyAnswer {
        let data = self.data(&at.host, true);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend_from_slice(&data);
        let client = Self::client("webauthn.create", offer, &at.origin);
        serde_json::from_value(
            json!({"id": "x", "type": "public-key", "rawId": URL_SAFE_NO_PAD.encode(&self.id), "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client), "attestationObject": URL_SAFE_NO_PAD.encode(object),
            }}),
        )
        .unwrap()
    }

    fn show(&mut self, offer: &PasskeyOffer, at: &Site, account: AccountId) -> PasskeyAnswer {
        self.count += 1;
        let data = self.data(&at.host, false);
        let client = Self::client("webauthn.get", offer, &at.origin);
        let signed = [data.as_slice(), &sha256(&client)].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        serde_json::from_value(json!({"id": "x", "type": "public-key", "rawId": URL_SAFE_NO_PAD.encode(&self.id), "response": {
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client), "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature), "userHandle": URL_SAFE_NO_PAD.encode(account.0.as_bytes()),
        }}))
        .unwrap()
    }
}

fn place() -> Site {
    Site { host: "portal.example".into(), origin: "https://portal.example".into() }
}

fn now() -> Timestamp {
    "2026-12-01T15:00:00Z".parse().unwrap()
}

struct Bench {
    challenges: Challenges,
    tenant: TenantId,
    account: AccountId,
}

impl Bench {
    fn new() -> Self {
        let challenges = Challenges::new(&Secret::new([1; 32]));
        Self { challenges, tenant: "sunrise".parse().unwrap(), account: AccountId(Uuid::from_u128(5)) }
    }

    fn offer(&self, what: For<'_>) -> PasskeyOffer {
        let about = (self.account, "alma", "Sunrise Health");
        self.challenges.offer_new(&self.tenant, (what, &place()), about, &[], (now(), &SystemRng)).unwrap()
    }

    fn ask(&self) -> PasskeyOffer {
        self.challenges.offer_known(&self.tenant, (For::SignIn, &place()), &[], (now(), &SystemRng)).unwrap()
    }

    fn enrol(&self, device: &Software) -> Passkey {
        let offer = self.offer(For::Register("s"));
        let answer = device.make(&offer, &place());
        self.challenges.registered(&self.tenant, (For::Register("s"), &place()), &answer, now()).unwrap()
    }

    fn shows(&self, answer: &PasskeyAnswer, passkey: &mut Passkey, at: Timestamp) -> bool {
        self.challenges.shown(&self.tenant, (For::SignIn, &place()), answer, passkey, at)
    }
}

#[test]
fn a_passkey_signs_in_and_its_answer_works_once() {
    let (bench, mut device) = (Bench::new(), Software::new());
    let mut passkey = bench.enrol(&device);
    let answer = device.show(&bench.ask(), &place(), bench.account);
    assert_eq!(answer.account(), Some(bench.account));
    assert!(answer.is_of(&passkey));
    assert!(bench.shows(&answer, &mut passkey.clone(), now()));
    assert!(!bench.shows(&answer, &mut passkey, now()), "the same answer again");
    let offer = bench.offer(For::Register("s"));
    let made = device.make(&offer, &place());
    let again = |answer| bench.challenges.registered(&bench.tenant, (For::Register("s"), &place()), answer, now());
    assert!(again(&made).is_some() && again(&made).is_none());
}

#[test]
fn an_answer_of_another_place_purpose_tenant_or_time_is_refused() {
    let (bench, mut device) = (Bench::new(), Software::new());
    let mut passkey = bench.enrol(&device);
    let elsewhere = Site { origin: "https://portal.example.evil".into(), ..place() };
    let forged = device.show(&bench.ask(), &elsewhere, bench.account);
    assert!(!bench.shows(&forged, &mut passkey, now()), "of a page that looks like ours");
    let other_host = Site { host: "evil.example".into(), ..place() };
    let forged = device.show(&bench.ask(), &other_host, bench.account);
    assert!(!bench.shows(&forged, &mut passkey, now()), "for another host");
    let forged = device.show(&bench.offer(For::Register("s")), &place(), bench.account);
    assert!(!bench.shows(&forged, &mut passkey, now()), "a challenge for something else");
    let answer = device.show(&bench.ask(), &place(), bench.account);
    assert!(!bench.shows(&answer, &mut passkey, now() + LIFETIME), "too late");
    let harbor: TenantId = "harbor".parse().unwrap();
    let shown = bench.challenges.shown(&harbor, (For::SignIn, &place()), &answer, &mut passkey.clone(), now());
    assert!(!shown, "another practice's");
    assert!(bench.shows(&answer, &mut passkey, now()), "and rightly it is taken");
}

#[test]
fn another_key_a_copied_one_and_one_that_did_not_check_its_holder_are_refused() {
    let (bench, mut device) = (Bench::new(), Software::new());
    let mut passkey = bench.enrol(&device);
    let answer = Software::new().show(&bench.ask(), &place(), bench.account);
    assert!(!bench.shows(&answer, &mut passkey, now()), "another key of the same name");
    let answer = device.show(&bench.ask(), &place(), bench.account);
    assert!(bench.shows(&answer, &mut passkey, now()));
    device.count -= 1;
    let answer = device.show(&bench.ask(), &place(), bench.account);
    assert!(!bench.shows(&answer, &mut passkey, now()), "a counter that does not rise");
    device.count = 40;
    device.flags = 0x01;
    let answer = device.show(&bench.ask(), &place(), bench.account);
    assert!(!bench.shows(&answer, &mut passkey, now()), "nobody's finger or number was asked for");
}

#[test]
fn answers_that_are_cut_anywhere_make_no_passkey_and_no_panic() {
    let (bench, device) = (Bench::new(), Software::new());
    let offer = bench.offer(For::Register("s"));
    let whole = device.make(&offer, &place());
    let object = decode(whole.response.attestation_object.as_deref().unwrap()).unwrap();
    for length in 0..object.len() {
        let mut cut = whole.clone();
        cut.response.attestation_object = Some(URL_SAFE_NO_PAD.encode(&object[..length]));
        let made = bench.challenges.registered(&bench.tenant, (For::Register("s"), &place()), &cut, now());
        assert!(made.is_none(), "{length}");
    }
}
