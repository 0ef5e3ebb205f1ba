//! How a breach notice travels.

use crate::candidate::Candidate;
use crate::consent::{Standing, permits_point};
use crate::facts::{ConsentKind, System};
use crate::finding::{Finding, redirect, unknown};
use crate::matrix::Mark;
use crate::remedy::Remedy;
use crate::rules::{Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::{Channel, Purpose};

/// 45 CFR 164.404(d)(1)(i): "by first-class mail … or, if the individual agrees to electronic notice …, by electronic mail".
pub(crate) const FIRST_CLASS_MAIL: Rule = Rule {
    id: "BRN-05",
    citation: "45 CFR 164.404(d)",
    ground: Ground::Law,
    read: SourceRead::Read,
    asks: "A breach notice goes by first-class mail, or by e-mail to a person who agreed to that; a text never satisfies it.",
    check: first_class_mail,
};

fn first_class_mail(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if view.request.purpose != Purpose::BreachNotice {
        return Finding::NotApplicable;
    }
    match candidate.channel {
        Channel::Mail => Finding::Satisfied,
        Channel::Portal | Channel::Chat => Finding::Obliges(
            "Send the notice by first-class mail, or by e-mail the person agreed to: the portal copy is an extra."
                .into(),
        ),
        Channel::Email => {
            let agreed = candidate.cell.has(Mark::Agreed)
                && candidate.point.is_some_and(|p| p.standing == Some(Standing::Permitted))
                && permits_point(
                    view.consents.unwrap_or_default(),
                    ConsentKind::ContactConsent,
                    view.query(System::Email, candidate.address),
                );
            Finding::when(agreed, || {
                unknown("No record says that the person agreed to be notified by e-mail; send first-class mail.")
                    .lifted_by(&[Remedy::RecordConsent])
            })
        }
        _ => redirect(
            "A breach notice goes by first-class mail; a text, a call or a push is an extra and never satisfies the duty.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::sample::{Case, address, refused_by};
    use postern_base::{Channel, Level};

    #[test]
    fn a_breach_notice_goes_by_mail_and_never_by_text_alone() {
        let mut case = Case::of("breach_notice", Level::L1, &[Channel::Sms]);
        assert!(refused_by(&case, Channel::Sms, "BRN-05") && case.decide().deliveries.is_empty());
        case.request.channels = None;
        case.consents().clear();
        case.patient().postal.push(address("1 Elm St, New York NY 10001"));
        let channels: Vec<_> = case.decide().deliveries.iter().map(|d| d.channel).collect();
        assert_eq!(channels, [Channel::Portal, Channel::Mail]);
    }
}
