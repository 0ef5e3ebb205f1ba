//! What a call or text must say of its sender, and where its links lead.

use super::is_automated;
use crate::candidate::Candidate;
use crate::facts::{PointSource, Registration};
use crate::finding::{Finding, deny, require, strip};
use crate::reference::{CARRIERS, CarrierKind};
use crate::remedy::Remedy;
use crate::rendition::LinkState;
use crate::request::VoiceMode;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::View;
use postern_base::{Channel, Origin, Purpose};
use std::sync::LazyLock;

/// CTIA Messaging Principles (2023) and carrier terms: unregistered traffic is blocked. Not law; nothing gets through without.
pub(crate) const REGISTRATION: Rule = Rule {
    id: "TCP-23",
    citation: "CTIA Messaging Principles 2023",
    ground: Ground::Standard,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Texts go only from a registered sender: 10DLC, verified toll-free, or short code.",
    scope: Scope::ANY.on(&[Channel::Sms]),
    check: registration,
};

fn registration(_view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    match candidate.vendor {
        Some(row) if candidate.channel == Channel::Sms => {
            let why = match row.sender_registration {
                Registration::Approved => return Finding::Satisfied,
                Registration::Pending => {
                    "The carriers have not answered yet whether they take texts from this sender; wait for their answer."
                }
                Registration::NotApproved => {
                    "The carriers have not approved the sender of these texts; finish the registration first."
                }
                Registration::NotNeeded => {
                    "The vendor's entry says that its sender needs no registration, and a sender of texts does; register it."
                }
            };
            deny(why).lifted_by(&[Remedy::RegisterSender])
        }
        _ => Finding::NotApplicable,
    }
}

/// 47 CFR 64.1200(b): an artificial voice says at the beginning who is responsible; (a)(9)(iv)(C), (G): a text too, and how to
/// opt out. house: asked of every automated call and text, whatever its basis.
pub(crate) const IDENTIFIES: Rule = Rule {
    id: "TCP-05",
    citation: "47 CFR 64.1200(b)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Formality],
    asks: "Automated calls and texts name their sender; texts, and calls that offer something, say how to opt out.",
    scope: Scope::CALLS_AND_TEXTS,
    check: identifies,
};

fn identifies(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let travels = is_automated(view, candidate) && candidate.cell.allows(candidate.form);
    let Some(text) = candidate.rendition.filter(|_| travels) else {
        return Finding::NotApplicable;
    };
    if view.is_formality() {
        return Finding::NotApplicable;
    }
    let personal = matches!(view.request.origin, Origin::Staff | Origin::Reply);
    // 47 CFR 64.1200(b)(3): an artificial voice that advertises says at its beginning how to have no more such calls.
    let sells = view.purpose == Purpose::Marketing;
    if sells && candidate.channel != Channel::Sms && !text.says_opt_out {
        return strip("A call that offers something must say how to get no more such calls, by a key or by voice.")
            .lifted_by(&[Remedy::NameSender]);
    }
    let owes_opt_out = candidate.channel == Channel::Sms && !personal;
    let owed = [
        (!text.names_sender, "the practice's name"),
        (!text.names_callback, "the number at which the practice is called"),
        (owes_opt_out && !text.says_opt_out, "a way to opt out of texts"),
    ];
    let lack = owed.into_iter().find_map(|(lacks, what)| lacks.then_some(what));
    lack.map_or(Finding::Satisfied, |what| {
        strip(format!("The words do not give {what}; put it into them.")).lifted_by(&[Remedy::NameSender])
    })
}

/// Tex. HB 149 and Cal. Health & Safety Code 1339.75: who is spoken to by a model is told so. house: on every call, in every
/// state. What a model says of care needs a reader besides (SYS-10).
pub(crate) const MACHINE_VOICE: Rule = Rule {
    id: "TCP-26",
    citation: "Tex. HB 149; Cal. Health & Safety Code 1339.75",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::from(2025, 1, 1),
    waived_by: &[],
    asks: "A call that a model speaks says so at its beginning; so does a text that a model wrote and no clinician read.",
    scope: Scope::ANY,
    check: machine_voice,
};

fn machine_voice(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    match view.request.voice {
        Some(voice)
            if voice.mode == VoiceMode::Ai && matches!(candidate.channel, Channel::Voice | Channel::Voicemail) =>
        {
            Finding::when(voice.disclosed, || {
                require("A model would speak, and the call does not say so; let it say so first, or let a person call.")
                    .lifted_by(&[Remedy::DiscloseMachine])
            })
        }
        _ => machine_wrote(view, candidate),
    }
}

/// A text that a model wrote and no clinician read says so, and how to reach a person.
fn machine_wrote(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let wrote = view.request.ai.is_some_and(|ai| ai.generated && !ai.human_reviewed);
    if !wrote || candidate.channel.is_human_task() || !candidate.has_body() {
        return Finding::NotApplicable;
    }
    Finding::Obliges("Say in the message that a model wrote it, and how to reach a person.".into())
}

/// State recording laws and 18 USC 2511(2)(d): with the agreement of everybody on the call, wherever they are. house: what a machine writes
/// down of a call is taken of it as a recording is; of some states' laws counsel may say that it is not.
pub(crate) const RECORDING: Rule = Rule {
    id: "TCP-27",
    citation: "18 USC 2511(2)(d)",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A call is recorded, or written down by a machine, only when everybody on it agreed.",
    scope: Scope::CALLS.with(Given::Voice),
    check: recording,
};

fn recording(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    match view.request.voice {
        Some(voice)
            if (voice.recording || voice.transcribing)
                && matches!(candidate.channel, Channel::Voice | Channel::Voicemail) =>
        {
            let why = if voice.recording {
                "The call would be recorded without everybody's agreement; switch the recording off or ask first."
            } else {
                "A machine would write the call down without everybody's agreement; switch that off or ask first."
            };
            Finding::when(voice.recording_consent, || deny(why).lifted_by(&[Remedy::AgreeToRecording]))
        }
        _ => Finding::NotApplicable,
    }
}

/// house: a link leads to the practice's own site and carries nothing about the patient. What it opens asks for a sign-in: that is the
/// portal's to hold.
pub(crate) const LINKS: Rule = Rule {
    id: "TCP-29",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Links on open channels lead only to the practice's own domains and carry nothing that tells anything.",
    scope: Scope::ANY,
    check: links,
};

fn links(_view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    match candidate.rendition.map(|text| text.links) {
        None | Some(LinkState::NoLinks) => Finding::NotApplicable,
        Some(LinkState::Clean) => Finding::Satisfied,
        Some(LinkState::Foreign) if candidate.channel.is_open() => {
            deny("The text links to a site that is not the practice's own, or without encryption; link to its own domain by https.")
                .lifted_by(&[Remedy::MendLinks])
        }
        Some(LinkState::CarriesIdentifiers) if candidate.channel.is_open() => {
            deny("A link in the text carries something that tells about the patient; use an opaque link.")
                .lifted_by(&[Remedy::MendLinks])
        }
        Some(LinkState::Foreign | LinkState::CarriesIdentifiers) => Finding::NotApplicable,
    }
}

/// CTIA Messaging Principles (2023): the first message of a programme confirms the opt-in, with the programme's name, HELP, STOP, how
/// often, and that rates may apply; numbers are not taken from bought or rented lists.
pub(crate) const PROGRAMME: Rule = Rule {
    id: "TCP-24",
    citation: "CTIA Messaging Principles 2023",
    ground: Ground::Standard,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A programme of texts begins by confirming the opt-in, and goes to no number of a bought list.",
    scope: Scope::ANY.on(&[Channel::Sms]),
    check: programme,
};

/// What to do before the first message of a programme, with everything the carriers want named.
static CONFIRM_OPT_IN: LazyLock<String> = LazyLock::new(|| {
    let named = CARRIERS.iter().filter(|row| row.kind == CarrierKind::OptInNames).map(|row| row.value);
    format!("Confirm the opt-in first, and name: {}.", named.collect::<Vec<_>>().join(", "))
});

fn programme(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(point) = candidate.point.filter(|_| candidate.channel == Channel::Sms && !view.is_formality()) else {
        return Finding::NotApplicable;
    };
    let recurring = matches!(view.request.origin, Origin::Journey | Origin::Bulk);
    let offers = view.purpose == Purpose::Marketing;
    if !recurring && !offers {
        return Finding::NotApplicable;
    }
    if point.point.source.is_known_and(|source| *source == PointSource::ThirdParty) {
        return deny("Somebody else gave this number; programmes and offers go to numbers the patient gave.")
            .for_good("Only the patient can give their number to a programme.");
    }
    let began = view.history.is_some_and(|h| h.deliveries.iter().any(|d| d.point == *candidate.address));
    if began {
        return Finding::Satisfied;
    }
    Finding::Obliges(CONFIRM_OPT_IN.as_str().into())
}

/// CTIA Messaging Principles (2023): HELP is answered, whatever was said before, and changes nothing. house: once for each.
pub(crate) const HELP: Rule = Rule {
    id: "TCP-25",
    citation: "CTIA Messaging Principles 2023",
    ground: Ground::Standard,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "HELP is answered once each time it is asked, after a STOP too.",
    scope: Scope::CONTACTS.with(Given::Answer),
    check: help,
};

fn help(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let here = view.answered.is_some_and(|message| message.point == *candidate.address);
    if !here || !candidate.is_contact() || !view.answers_help() {
        return Finding::NotApplicable;
    }
    Finding::when(view.is_first_answer(candidate.address, None), || {
        deny("This HELP was answered before; it is answered once.")
            .for_good("It was answered; a new HELP is answered anew.")
    })
}

/// 47 CFR 64.1200(a)(10): a sender whose texts cannot be answered says so in each, with another way to opt out.
pub(crate) const NO_REPLY: Rule = Rule {
    id: "TCP-28",
    citation: "47 CFR 64.1200(a)(10)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Where texts cannot be answered, each says so and gives another way to opt out.",
    scope: Scope::ANY.on(&[Channel::Sms]),
    check: no_reply,
};

fn no_reply(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.channel != Channel::Sms || view.facts.tenant.accepts_replies {
        return Finding::NotApplicable;
    }
    Finding::when(candidate.rendition.is_some_and(|text| text.says_no_reply), || {
        strip("Answers to our texts are not read: the text must say so, and give another way to opt out.")
            .lifted_by(&[Remedy::NameSender])
    })
}

#[cfg(test)]
mod tests {
    use crate::facts::Registration;
    use crate::rendition::LinkState;
    use crate::sample::{Case, refused_by, sends};
    use postern_base::Channel;

    #[test]
    fn of_two_vendors_of_texts_the_one_whose_sender_is_approved_is_used() {
        let mut case = Case::reminder_by_sms();
        let mut other = case.vendor(Channel::Sms).clone();
        (other.vendor, other.sender_registration) = ("a-first-by-name".into(), Registration::NotNeeded);
        case.facts.vendors.insert(0, other);
        assert!(sends(&case, Channel::Sms));
    }

    #[test]
    fn texts_leave_only_from_a_registered_sender() {
        for state in [Registration::Pending, Registration::NotApproved, Registration::NotNeeded] {
            let mut case = Case::reminder_by_sms();
            case.vendor(Channel::Sms).sender_registration = state;
            assert!(refused_by(&case, Channel::Sms, "TCP-23"));
        }
    }

    #[test]
    fn a_text_names_its_sender_and_says_how_to_stop() {
        for said in ["the practice's name", "the number at which", "to opt out"] {
            let mut case = Case::reminder_by_sms();
            for text in &mut case.facts.renditions {
                match said {
                    "the practice's name" => text.names_sender = false,
                    "the number at which" => text.names_callback = false,
                    _ => text.says_opt_out = false,
                }
            }
            let refusals = case.decide().refusals;
            let why: Vec<_> = refusals.iter().filter(|r| r.rule == "TCP-05").map(|r| &r.sentence).collect();
            assert!(!why.is_empty() && why.iter().all(|sentence| sentence.contains(said)), "{why:?}");
        }
    }

    #[test]
    fn a_call_that_offers_says_how_to_get_no_more_and_one_about_care_need_not() {
        let stopped = |purpose: &str| {
            let mut case = Case::of(purpose, postern_base::Level::L1, &[Channel::Voice]);
            case.facts.renditions.iter_mut().for_each(|text| text.says_opt_out = false);
            refused_by(&case, Channel::Voice, "TCP-05")
        };
        assert!(stopped("marketing") && !stopped("appointment_reminder"));
    }

    #[test]
    fn a_link_that_leads_away_or_tells_something_is_refused() {
        for links in [LinkState::Foreign, LinkState::CarriesIdentifiers] {
            let mut case = Case::reminder_by_sms();
            case.facts.renditions.iter_mut().for_each(|r| r.links = links);
            assert!(refused_by(&case, Channel::Sms, "TCP-29"));
        }
    }

    #[test]
    fn a_model_that_speaks_says_so() {
        use crate::request::{AnsweredBy, Voice, VoiceMode};
        let call = |disclosed| {
            let mut case = Case::of("appointment_reminder", postern_base::Level::L1, &[Channel::Voice]);
            case.request.voice = Some(Voice {
                mode: VoiceMode::Ai,
                answered_by: AnsweredBy::Patient,
                identity_verified: false,
                recording: false,
                transcribing: false,
                recording_consent: false,
                disclosed,
            });
            case
        };
        assert!(crate::sample::sends(&call(true), Channel::Voice));
        assert!(refused_by(&call(false), Channel::Voice, "TCP-26"));
    }
}
