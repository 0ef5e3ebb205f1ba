//! Facts of the deployment and of whoever acts: in a case absent = satisfied, in production absent = Unknown.

use crate::fact::{Fact, Missing};
use crate::facts::Address;
use jiff::Timestamp;
use jiff::civil::Date;
use postern_base::Channel;

/// Facts of the deployment.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The channels in use have an approved risk record (45 CFR 164.308(a)(1)(ii)(A)).
    pub risk_record: Fact<bool>,
    /// Risk records channel by channel, where they are kept so: a channel with a row needs an approved one.
    pub channel_risks: Vec<ChannelRisk>,
    /// The portal is open to this patient.
    pub portal_available: Fact<bool>,
    /// The portal asks for two factors before it shows anything (NIST SP 800-63B, AAL2).
    pub portal_two_factor: Fact<bool>,
    /// Who asks for the message.
    pub actor: Fact<Actor>,
    /// The signed-in session of a chat was authenticated anew just now (RULES CHT-03).
    pub reauthenticated: Fact<bool>,
    /// How many persons approved the version of the template in use (RULES SYS-09).
    pub template_approvals: Fact<u32>,
    /// Somebody, or an anomaly, paused what is sent in bulk (RULES SYS-08).
    pub paused: Fact<bool>,
    /// Our own DKIM signature verifies (RULES SEC-28).
    pub dkim: Fact<bool>,
    /// Every VoIP leg we control is signalled over TLS and carried as SRTP (RULES SEC-29).
    pub voice_srtp: Fact<bool>,
    /// No tracker of others runs on signed-in pages or in a chat (RULES CHT-02).
    pub no_trackers: Fact<bool>,
    /// A visitor of the open chat agreed to what is collected (RULES SPC-10).
    pub visitor_consent: Fact<bool>,
    /// Do-not-call lists.
    pub do_not_call: DoNotCall,
    /// A valid postal address stands in every commercial e-mail (15 USC 7704(a)(5)).
    pub postal_address: Fact<bool>,
    /// The patient was offered the current notice of privacy practices (45 CFR 164.520).
    pub privacy_notice: Fact<bool>,
    /// The models that write or time messages were tested for bias (45 CFR 92.210).
    pub bias_tested: Fact<bool>,
    /// What is looked at from time to time.
    pub reviews: Reviews,
    /// The proposed Security Rule, when the practice wants to be told of it; never law (90 FR 898).
    pub proposed: Option<Proposed>,
}

/// The risk record of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelRisk {
    /// The channel.
    pub channel: Channel,
    /// Approved by the security official.
    pub approved: bool,
    /// When it was last looked at.
    pub reviewed: Option<Date>,
}

/// Who asks for a message: a person, a program or Postern itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// One person or program, and nobody else, uses this account (45 CFR 164.312(a)(2)(i)).
    pub unique: Fact<bool>,
    /// The account is in use, not disabled (45 CFR 164.308(a)(3)(ii)(C)).
    pub enabled: Fact<bool>,
    /// Their role may do this (45 CFR 164.308(a)(4)).
    pub permitted: Fact<bool>,
    /// Last day of their training; `None` = a program, which has none.
    pub trained_until: Fact<Option<Date>>,
    /// They signed in with two factors (45 CFR 164.312(d)).
    pub two_factor: Fact<bool>,
}

/// Do-not-call lists.
#[derive(Debug, Clone)]
pub struct DoNotCall {
    /// Numbers on the national registry (47 CFR 64.1200(c)(2)); Unknown where the practice does not ask it.
    pub registry: Fact<Vec<Address>>,
    /// Numbers whose holders asked this practice not to call to sell, and whose requests stand (47 CFR 64.1200(d)); Unknown where they were
    /// not read.
    pub own: Fact<Vec<Address>>,
}

/// What is looked at from time to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reviews {
    /// Every addressable control that is off has its written decision (45 CFR 164.306(d)(3)).
    pub addressable: Fact<bool>,
    /// The last review of records of activity (45 CFR 164.308(a)(1)(ii)(D)).
    pub activity: Fact<Date>,
    /// The last evaluation (45 CFR 164.308(a)(8)).
    pub evaluation: Fact<Date>,
    /// The last backup (45 CFR 164.308(a)(7)(ii)(A)).
    pub backup: Fact<Timestamp>,
    /// The last test of a restore (45 CFR 164.308(a)(7)(ii)(D)).
    pub restore: Fact<Date>,
}

/// What the proposed Security Rule would ask, as far as somebody recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proposed {
    /// Two factors everywhere.
    pub two_factor_everywhere: bool,
    /// Everything encrypted, at rest and in transit.
    pub encrypted_everywhere: bool,
    /// The last inventory of assets and map of the network.
    pub inventory: Option<Date>,
    /// The last scan for vulnerabilities.
    pub scan: Option<Date>,
    /// The last penetration test.
    pub penetration_test: Option<Date>,
    /// The last written verification by business associates.
    pub vendors_verified: Option<Date>,
}

impl Actor {
    /// Nothing stands against them.
    pub const SATISFIED: Self = Self {
        unique: Fact::Known(true),
        enabled: Fact::Known(true),
        permitted: Fact::Known(true),
        trained_until: Fact::Known(None),
        two_factor: Fact::Known(true),
    };
}

impl Deployment {
    /// Nothing stands against it: what a case means that says nothing.
    #[must_use]
    pub fn satisfied() -> Self {
        let yes = Fact::Known(true);
        Self {
            risk_record: yes,
            channel_risks: Vec::new(),
            portal_available: yes,
            portal_two_factor: yes,
            actor: Fact::Known(Actor::SATISFIED),
            reauthenticated: yes,
            template_approvals: Fact::Known(2),
            paused: Fact::Known(false),
            dkim: yes,
            voice_srtp: yes,
            no_trackers: yes,
            visitor_consent: yes,
            do_not_call: DoNotCall { registry: Fact::Known(Vec::new()), own: Fact::Known(Vec::new()) },
            postal_address: yes,
            privacy_notice: yes,
            bias_tested: yes,
            reviews: Reviews::UNKNOWN,
            proposed: None,
        }
    }

    /// Nobody recorded anything.
    #[must_use]
    pub const fn unknown() -> Self {
        const MISSING: Missing = Missing::NotRecorded;
        const UNKNOWN: Fact<bool> = Fact::Unknown(MISSING);
        Self {
            risk_record: UNKNOWN,
            channel_risks: Vec::new(),
            portal_available: UNKNOWN,
            portal_two_factor: UNKNOWN,
            actor: Fact::Unknown(MISSING),
            reauthenticated: UNKNOWN,
            template_approvals: Fact::Unknown(MISSING),
            paused: UNKNOWN,
            dkim: UNKNOWN,
            voice_srtp: UNKNOWN,
            no_trackers: UNKNOWN,
            visitor_consent: UNKNOWN,
            do_not_call: DoNotCall { registry: Fact::Unknown(MISSING), own: Fact::Unknown(MISSING) },
            postal_address: UNKNOWN,
            privacy_notice: UNKNOWN,
            bias_tested: UNKNOWN,
            reviews: Reviews::UNKNOWN,
            proposed: None,
        }
    }
}

impl Reviews {
    /// Nobody recorded when.
    pub const UNKNOWN: Self = Self {
        addressable: Fact::Unknown(Missing::NotRecorded),
        activity: Fact::Unknown(Missing::NotRecorded),
        evaluation: Fact::Unknown(Missing::NotRecorded),
        backup: Fact::Unknown(Missing::NotRecorded),
        restore: Fact::Unknown(Missing::NotRecorded),
    };
}
