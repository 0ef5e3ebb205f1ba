use super::*;
use proptest::prelude::*;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, Issuer, KeyPair, date_time_ymd};

/// A server's certificate for `name`, issued by an authority of its own, and that authority's.
struct Chain {
    server: CertificateDer<'static>,
    authority: CertificateDer<'static>,
}

fn chain(name: &str, expired: bool) -> Chain {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let issuer: &Issuer<'_, KeyPair> = &authority;
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if expired {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    }
    let server = params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der().clone();
    Chain { server, authority: authority.der().clone() }
}

fn spki(certificate: &CertificateDer<'_>) -> Vec<u8> {
    ParsedCertificate::try_from(certificate).unwrap().subject_public_key_info().to_vec()
}

fn record(usage: u8, selector: u8, matching: u8, certificate: &CertificateDer<'_>) -> Tlsa {
    let selected = if selector == 0 { certificate.to_vec() } else { spki(certificate) };
    let data = match matching {
        0 => selected,
        1 => digest(&SHA256, &selected).as_ref().to_vec(),
        _ => digest(&SHA512, &selected).as_ref().to_vec(),
    };
    Tlsa { usage, selector, matching, data }
}

fn believes(records: &[Tlsa], chain: &Chain, name: &str) -> bool {
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = DaneVerifier::new(records.into(), "patients.test", crypto);
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_796_000_000));
    let name = ServerName::try_from(name).unwrap();
    verifier.judge(&chain.server, std::slice::from_ref(&chain.authority), &name, now).is_ok()
}

#[test]
fn the_servers_own_certificate_is_believed_by_every_selector_and_digest_whatever_its_name_and_date() {
    let old = chain("other.test", true);
    for selector in [0, 1] {
        for matching in [0, 1, 2] {
            assert!(
                believes(&[record(3, selector, matching, &old.server)], &old, "mx.test"),
                "3 {selector} {matching}"
            );
        }
    }
}

#[test]
fn another_certificate_than_the_named_one_is_not_believed() {
    let (ours, theirs) = (chain("mx.test", false), chain("mx.test", false));
    assert!(!believes(&[record(3, 1, 1, &ours.server)], &theirs, "mx.test"));
    assert!(!believes(&[record(2, 1, 1, &ours.authority)], &theirs, "mx.test"));
    assert!(!believes(&[], &ours, "mx.test"), "without a record nobody is");
    // RFC 7672 section 3.1.3: what PKIX-EE and PKIX-TA records name is not looked at.
    assert!(!believes(&[record(1, 1, 1, &ours.server), record(0, 1, 1, &ours.authority)], &ours, "mx.test"));
}

#[test]
fn a_named_authority_vouches_for_its_servers_in_their_time_and_by_their_name() {
    let good = chain("mx.test", false);
    for matching in [0, 1, 2] {
        assert!(believes(&[record(2, 0, matching, &good.authority)], &good, "mx.test"), "2 0 {matching}");
    }
    assert!(!believes(&[record(2, 0, 1, &good.authority)], &good, "elsewhere.test"));
    let by_domain = chain("patients.test", false);
    assert!(believes(&[record(2, 1, 1, &by_domain.authority)], &by_domain, "mx.test"), "the domain's name is as good");
    let old = chain("mx.test", true);
    assert!(!believes(&[record(2, 1, 1, &old.authority)], &old, "mx.test"));
}

proptest! {
    #[test]
    fn no_record_but_one_that_names_it_lets_a_certificate_in(
        (usage, selector, matching) in (0u8..5, 0u8..3, 0u8..4),
        data in proptest::collection::vec(any::<u8>(), 0..70),
    ) {
        let chain = KNOWN.with(|known| believes(&[Tlsa { usage, selector, matching, data }], known, "mx.test"));
        prop_assert!(!chain);
    }
}

thread_local! {
    static KNOWN: Chain = chain("mx.test", false);
}

#[test]
fn one_record_that_fits_is_enough_while_keys_are_rolled_over() {
    let (now, next) = (chain("mx.test", false), chain("mx.test", false));
    let both = [record(3, 1, 1, &next.server), record(3, 1, 1, &now.server)];
    assert!(believes(&both, &now, "mx.test") && believes(&both, &next, "mx.test"));
}

#[test]
fn a_record_that_cannot_match_is_no_use() {
    let good = record(3, 1, 1, &chain("mx.test", false).server);
    assert!(good.is_usable());
    for bad in [
        Tlsa { usage: 1, ..good.clone() },
        Tlsa { selector: 2, ..good.clone() },
        Tlsa { matching: 3, ..good.clone() },
        Tlsa { matching: 2, ..good.clone() },
        Tlsa { data: Vec::new(), matching: 0, ..good.clone() },
    ] {
        assert!(!bad.is_usable(), "{bad:?}");
    }
}
