//! What a text must say, by channel and purpose.

use super::{Checked, Defect};
use crate::measure;
use crate::templates::pieces;
use postern_base::{Channel, Form, Purpose};
use postern_gate::LinkState;
use postern_gate::rendition::Offers;

/// The elements of a breach notice (45 CFR 164.404(c)(1)(A) to (D); (E), whom to ask, is `{callback}`): the slot and what it
/// tells.
const BREACH_ELEMENTS: [(&str, &str); 6] = [
    ("happened", "what happened"),
    ("occurred", "the date of the breach, if it is known"),
    ("discovered", "the date it was discovered"),
    ("data", "what kinds of information were involved"),
    ("steps", "what the person should do"),
    ("actions", "what the practice does about it"),
];

/// Everything the text lacks.
pub(super) fn owed(checked: &Checked<'_>) -> Vec<Defect> {
    let mut found = Vec::new();
    let text = checked.text;
    let names = text.names();
    let is = |purpose: Purpose| checked.template.purposes == [purpose];
    let formality = is(Purpose::OneTimeCode) || is(Purpose::ConsentConfirmation);
    let spoken = matches!(text.channel, Some(Channel::Voice | Channel::Voicemail));
    let by_text = text.channel.is_none_or(|channel| channel == Channel::Sms) && checked.is_for(Channel::Sms);
    // A full text for every channel reaches a phone only where the matrix lets a text message carry it.
    let travels = text.form < Form::Full || formality;
    if matches!(text.channel, Some(Channel::Email | Channel::Portal)) && text.subject.is_none() {
        found.push(Defect::NoSubject);
    }
    if spoken || (by_text && travels) {
        // 47 CFR 64.1200(b)(1), (a)(9)(iv)(C): the name; (b)(2): a number. A code is asked for and needs no number.
        if !names.contains(&"sender") {
            found.push(Defect::NotNamed("sender"));
        }
        if !names.contains(&"callback") && !is(Purpose::OneTimeCode) {
            found.push(Defect::NotNamed("callback"));
        }
    }
    // 47 CFR 64.1200(b)(1): "at the beginning of the message".
    if spoken && names.first() != Some(&"sender") {
        found.push(Defect::SenderNotFirst);
    }
    let words: String = pieces(&text.body).iter().filter_map(|p| p.as_text()).collect();
    // Emergencies and what the patient asked for this instant are no programme one could leave.
    let asked = is(Purpose::OneTimeCode) || is(Purpose::ConsentConfirmation) || is(Purpose::Emergency);
    if by_text && travels && text.form > Form::Callback && !asked && !measure::says_opt_out(&words) {
        found.push(Defect::NoOptOut);
    }
    let may_be = |purpose: Purpose| checked.template.purposes.contains(&purpose);
    if may_be(Purpose::ConsentConfirmation) {
        if measure::says_business(&words, checked.tenant) {
            found.push(Defect::OtherBusiness);
        }
    } else if !may_be(Purpose::Marketing) && measure::offers(&words, &checked.tenant.name) == Offers::Plainly {
        found.push(Defect::Sells);
    }
    if is(Purpose::OneTimeCode) && (names.contains(&"link") || checked.links() > LinkState::NoLinks) {
        found.push(Defect::LinkWithCode);
    } else if checked.links() > LinkState::Clean {
        found.push(Defect::ForeignLink);
    }
    if checked.template.purposes.contains(&Purpose::Marketing)
        && text.channel == Some(Channel::Email)
        && text.form > Form::Notice
    {
        // 15 USC 7704(a)(5)(A)(iii) and (a)(3)(A).
        for name in ["address", "unsubscribe"] {
            if !names.contains(&name) {
                found.push(Defect::NotCanSpam(name));
            }
        }
    }
    if is(Purpose::BreachNotice) && text.form == Form::Full && !spoken {
        found.extend(breach(checked, &names));
    }
    found
}

fn breach(checked: &Checked<'_>, names: &[&str]) -> Vec<Defect> {
    let has = |slot: &str| {
        // The date of the breach is told "if known"; everything else always.
        let required = checked.template.slot(slot).is_some_and(|s| s.required || slot == "occurred");
        required && names.contains(&slot)
    };
    let lacking = BREACH_ELEMENTS.iter().filter(|(slot, _)| !has(slot));
    let mut found: Vec<Defect> = lacking.map(|(slot, what)| Defect::BreachElement { slot, what }).collect();
    for name in ["callback", "address"] {
        if !names.contains(&name) {
            found.push(Defect::NotNamed(if name == "callback" { "callback" } else { "address" }));
        }
    }
    found
}
