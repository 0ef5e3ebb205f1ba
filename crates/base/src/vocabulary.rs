//! The closed vocabularies of a decision. Each word has one spelling, used in the API, case files, the matrix, the
//! ledger and the documentation alike.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The word is not in the vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord {
    /// The vocabulary that was asked, such as `purpose`.
    pub vocabulary: &'static str,
    /// Every word it knows.
    pub known: &'static [&'static str],
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a {}; known: {}", self.vocabulary, self.known.join(", "))
    }
}

impl std::error::Error for UnknownWord {}

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident as $label:literal { $( $(#[$vdoc:meta])* $variant:ident = $word:literal ),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( $(#[$vdoc])* $variant ),+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            const WORDS: &'static [&'static str] = &[$($word),+];

            /// The one spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                match s {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { vocabulary: $label, known: Self::WORDS }),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

vocabulary! {
    /// Sensitivity of the content actually carried (RULES 0.4).
    Level as "level" {
        /// Existence of a message only.
        L0 = "L0",
        /// Logistics: date, time, site, callback.
        L1 = "L1",
        /// General clinical or financial.
        L2 = "L2",
        /// Diagnostic detail.
        L3 = "L3",
        /// Specially protected.
        L4 = "L4",
    }
}

vocabulary! {
    /// What makes content specially protected (RULES 0.4, 1.3). Any of these makes the level [`Level::L4`].
    Category as "category" {
        /// A substance-use-disorder record under 42 CFR Part 2.
        Part2 = "part2",
        /// Psychotherapy notes (45 CFR 164.501).
        PsychotherapyNotes = "psychotherapy_notes",
        /// HIV.
        Hiv = "hiv",
        /// Other sexually transmitted infections.
        Sti = "sti",
        /// Reproductive health.
        Reproductive = "reproductive",
        /// Gender-affirming care.
        GenderAffirming = "gender_affirming",
        /// Mental health.
        MentalHealth = "mental_health",
        /// Genetic information.
        Genetic = "genetic",
        /// Care a minor consented to alone (45 CFR 164.502(g)(3)).
        MinorConfidential = "minor_confidential",
        /// Abuse, neglect, violence.
        Abuse = "abuse",
        /// Substance use outside Part 2.
        SubstanceUse = "substance_use",
        /// What a record marks as restricted and does not say why (HL7 v3-Confidentiality `R`, `V`).
        Restricted = "restricted",
    }
}

vocabulary! {
    /// Why the patient is contacted: the rows P1 to P13 of the matrix (RULES 2).
    Purpose as "purpose" {
        /// P1.
        AppointmentReminder = "appointment_reminder",
        /// P2: recall, preventive care.
        Recall = "recall",
        /// P3.
        TestResult = "test_result",
        /// P4: refill, adherence.
        Medication = "medication",
        /// P5: follow-up, care plan.
        FollowUp = "follow_up",
        /// P6.
        Billing = "billing",
        /// P7: treatment update, pre-op.
        TreatmentUpdate = "treatment_update",
        /// P8: emergency, urgent outreach.
        Emergency = "emergency",
        /// P9: survey (operations).
        Survey = "survey",
        /// P10.
        Marketing = "marketing",
        /// P11.
        OneTimeCode = "one_time_code",
        /// P12: consent, opt-in or opt-out confirmation, HELP reply.
        ConsentConfirmation = "consent_confirmation",
        /// P13.
        BreachNotice = "breach_notice",
    }
}

vocabulary! {
    /// A kind of path to the patient. `mail` and `human_call` are tasks for people.
    Channel as "channel" {
        /// Text message.
        Sms = "sms",
        /// E-mail; its [`EmailMode`] says how.
        Email = "email",
        /// A call that is answered.
        Voice = "voice",
        /// An answering machine or mailbox.
        Voicemail = "voicemail",
        /// Web chat with an unauthenticated visitor.
        ChatAnonymous = "chat_anonymous",
        /// Chat inside an authenticated session.
        Chat = "chat",
        /// The patient portal.
        Portal = "portal",
        /// Push notification to a registered device.
        Push = "push",
        /// WhatsApp, RCS and the like.
        MessagingApp = "messaging_app",
        /// First-class mail, done by a person.
        Mail = "mail",
        /// A call a person makes later.
        HumanCall = "human_call",
    }
}

impl Channel {
    /// Whether the channel is a task for a person, not an automated send.
    #[must_use]
    #[inline]
    pub const fn is_human_task(self) -> bool {
        matches!(self, Self::Mail | Self::HumanCall)
    }

    /// Whether anybody but the authenticated patient may see what travels: what RULES calls an open channel.
    #[must_use]
    #[inline]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Portal | Self::Chat | Self::Mail)
    }
}

vocabulary! {
    /// How an e-mail travels: the four e-mail columns of the matrix.
    EmailMode as "e-mail mode" {
        /// A notice; the body stays in the portal.
        Notify = "notify",
        /// The body, only over a session whose TLS tier is enforced and whose peer is verified.
        EnforcedTls = "enforced_tls",
        /// The body as S/MIME (RFC 8551).
        Smime = "smime",
        /// The body in the clear: only under 45 CFR 164.524 after a warning.
        Plain = "plain",
    }
}

vocabulary! {
    /// What the recipient's domain enforces (RULES SEC-27), strongest last.
    EmailTier as "e-mail tier" {
        /// No STARTTLS, or no valid certificate.
        None = "none",
        /// A certificate valid for the MX name, without a policy.
        Pkix = "pkix",
        /// MTA-STS in enforce mode (RFC 8461).
        Sts = "sts",
        /// DANE with DNSSEC (RFC 7672).
        Dane = "dane",
    }
}

vocabulary! {
    /// How much of the message travels, weakest first (DESIGN 2, the two ladders).
    Form as "form" {
        /// Neutral name and number, no reason. Carries L0.
        Callback = "callback",
        /// Only that something waits in the portal. Carries L0.
        Notice = "notice",
        /// L1 and the closed phrases.
        Minimal = "minimal",
        /// Everything.
        Full = "full",
    }
}

impl Form {
    /// Its letter in the table of the policy.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Full => 'F',
            Self::Minimal => 'M',
            Self::Notice => 'G',
            Self::Callback => 'C',
        }
    }
}

vocabulary! {
    /// Where the request came from.
    Origin as "origin" {
        /// A system, through the API.
        Api = "api",
        /// A timed sequence.
        Journey = "journey",
        /// A bulk run.
        Bulk = "bulk",
        /// A named human acting now.
        Staff = "staff",
        /// An AI agent.
        Ai = "ai",
        /// An answer to something the patient sent.
        Reply = "reply",
    }
}

vocabulary! {
    /// Who is to receive the message.
    RecipientRole as "recipient role" {
        /// The patient.
        SelfPatient = "self",
        /// A personal representative.
        Proxy = "proxy",
        /// Family or a caregiver (45 CFR 164.510(b)).
        Caregiver = "caregiver",
        /// A health plan.
        HealthPlan = "health_plan",
        /// Another provider.
        Provider = "provider",
    }
}

vocabulary! {
    /// How pressing the request is.
    Urgency as "urgency" {
        /// The ordinary case.
        Routine = "routine",
        /// Ahead of routine work. What staff ask for in care that is due now may also go at night (RULES TCP-06); no other rule is lifted.
        Urgent = "urgent",
        /// With a valid break-glass: consent, windows and caps are lifted (RULES TCP-17).
        Emergency = "emergency",
    }
}

vocabulary! {
    /// What somebody who read a patient's reply says it means (RULES TCP-11, TCP-12).
    Review as "review" {
        /// It ends everything automated to that place.
        Stops = "stops",
        /// Who wrote it is not the patient.
        WrongNumber = "wrong_number",
        /// It asks for nothing of the kind.
        Nothing = "nothing",
    }
}

vocabulary! {
    /// The TCPA basis a caller pins (47 CFR 64.1200).
    Basis as "basis" {
        /// The patient gave the number (RULES TCP-02).
        ProvidedNumber = "provided_number",
        /// A recorded consent (RULES TCP-01).
        Consent = "consent",
        /// The health-care exemption (RULES TCP-03).
        Exemption = "exemption",
    }
}

vocabulary! {
    /// The languages of the built-in texts (BCP 47).
    Language as "language" {
        /// English.
        En = "en",
        /// Spanish.
        Es = "es",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_parses_back_to_itself() {
        for purpose in Purpose::ALL {
            assert_eq!(purpose.as_str().parse::<Purpose>().as_ref(), Ok(purpose));
        }
        for channel in Channel::ALL {
            assert_eq!(channel.as_str().parse::<Channel>().as_ref(), Ok(channel));
        }
    }

    #[test]
    fn an_unknown_word_names_the_words_there_are() {
        let error = "huge".parse::<Form>().unwrap_err();
        assert_eq!(error.to_string(), "not a form; known: callback, notice, minimal, full");
    }

    #[test]
    fn the_ladders_order_from_harmless_to_revealing() {
        assert!(Level::L0 < Level::L4);
        assert!(Form::Callback < Form::Notice && Form::Notice < Form::Minimal && Form::Minimal < Form::Full);
    }
}
