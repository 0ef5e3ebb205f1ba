//! What a text offers or asks for: whether it is marketing under another name (47 CFR 64.1200(f)(1), 45 CFR 164.501). The words are a
//! table of the gate's, `offer-words`; here is how a text is read for them.

use postern_gate::reference;
use postern_gate::rendition::Offers;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a phrase says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// Something is offered, plainly.
    Offer,
    /// Something may be offered, or is asked for.
    Appeal,
    /// What lenders sell.
    Lending,
    /// What else others sell.
    Ware,
    /// A lender to patients.
    Brand,
    /// How something is sold.
    Pitch,
    /// That it is taken for payment.
    Accepts,
    /// What is its seller's when a name stands before it.
    NamedWare,
    /// That the patient may have it.
    Invites,
}

/// A phrase after its first word, and what it says.
type Rest = (Vec<&'static str>, Says);

/// Every phrase, by its first word.
static PHRASES: LazyLock<HashMap<&'static str, Vec<Rest>>> = LazyLock::new(|| {
    let lists = [
        (reference::OFFERS, Says::Offer),
        (reference::APPEALS, Says::Appeal),
        (reference::LENDING, Says::Lending),
        (reference::WARES, Says::Ware),
        (reference::BRANDS, Says::Brand),
        (reference::PITCHES, Says::Pitch),
        (reference::ACCEPTS, Says::Accepts),
        (reference::NAMED_WARES, Says::NamedWare),
        (reference::INVITES, Says::Invites),
    ];
    let mut by_first: HashMap<&'static str, Vec<Rest>> = HashMap::new();
    for (phrase, says) in lists.into_iter().flat_map(|(list, says)| list.iter().map(move |phrase| (phrase, says))) {
        let mut words = phrase.split(' ');
        if let Some(first) = words.next() {
            by_first.entry(first).or_default().push((words.collect(), says));
        }
    }
    by_first
});

/// How many words may lie between what is sold and how.
const NEAR: usize = 12;
/// How many words may lie between `accept` and the last of what is accepted.
const LISTED: usize = 8;

/// How many words may lie between an invitation and what one is invited to.
const INVITED: usize = 6;

/// What `text` offers. What the practice calls itself is not what it sells.
pub(crate) fn offers(text: &str, practice: &str) -> Offers {
    let (legible_text, legible_practice) = (legible(text), legible(practice));
    let (spoken, name) = (priced(&legible_text), priced(&legible_practice));
    let said = said(&spoken, &name);
    let places = |wanted: &'static [Says]| said.iter().filter(|(_, says)| wanted.contains(says)).map(|(at, _)| *at);
    let sold = || places(&[Says::Lending, Says::Ware, Says::Brand]);
    let pitched = sold().any(|ware| places(&[Says::Pitch]).any(|pitch| ware.abs_diff(pitch) <= NEAR));
    let accepted = |brand: usize| places(&[Says::Accepts]).any(|at| at <= brand && brand - at <= LISTED);
    let urged = places(&[Says::Brand]).any(|brand| !accepted(brand));
    if pitched || urged || places(&[Says::Offer]).next().is_some() {
        Offers::Plainly
    } else {
        let appeals = places(&[Says::Appeal, Says::Brand]).next().is_some();
        let lends = || places(&[Says::Lending]).next().is_some() && names_a_sellers(text, practice, reference::LENDING);
        let invited = |ware: usize| places(&[Says::Invites]).any(|at| at < ware && ware - at <= INVITED);
        let sells =
            || places(&[Says::NamedWare]).any(invited) && names_a_sellers(text, practice, reference::NAMED_WARES);
        if appeals || lends() || sells() || names_a_remedy(text, &spoken, &name) {
            Offers::Perhaps
        } else {
            Offers::Nothing
        }
    }
}

/// Whether the patient is to ask for something by its name: "ask your doctor about Zelvora". Whose it is, and whether it was ordered, a person
/// reads.
fn names_a_remedy(text: &str, spoken: &[&str], practice: &[&str]) -> bool {
    let whole = spoken.join(" ");
    if !reference::ASKS.iter().any(|asks| whole.contains(asks)) {
        return false;
    }
    text.split(['.', '!', '?', ';', '\n']).any(|clause| {
        let said = format!("{} ", priced(&legible(clause)).join(" "));
        let asked = reference::ASKS.iter().find_map(|asks| Some((said.split_once(&format!("{asks} "))?.0, asks)));
        let Some((before, asks)) = asked else { return false };
        let behind = before.split_whitespace().count() + asks.split(' ').count();
        let named = clause.split_whitespace().nth(behind).unwrap_or_default();
        let name: String = named.chars().filter(|c| c.is_alphanumeric()).collect();
        let lower = name.to_lowercase();
        let capital = name.starts_with(char::is_uppercase) && name.chars().skip(1).any(char::is_lowercase);
        capital
            && name.chars().count() > 3
            && !reference::NOT_SOLD.contains(&lower.as_str())
            && !practice.contains(&lower.as_str())
    })
}

/// Whether `text` names an amount of money.
pub(crate) fn names_amount(text: &str) -> bool {
    text.chars().any(char::is_numeric) && priced(&legible(text)).contains(&"$")
}

/// What every phrase among the words of a text says, and at which word.
fn said(words: &[&str], practice: &[&str]) -> Vec<(usize, Says)> {
    let mut found = Vec::new();
    let mut rest = words;
    while let [word, after @ ..] = rest {
        rest = match rest.strip_prefix(practice) {
            Some(past) if !practice.is_empty() => past,
            _ => {
                let at = words.len() - rest.len();
                let phrases = PHRASES.get(word).into_iter().flatten();
                found.extend(phrases.filter(|(more, _)| after.starts_with(more)).map(|(_, says)| (at, *says)));
                after
            }
        };
    }
    found
}

/// Whether one of `wares` of somebody by name stands in `text`: `the VitaPlus credit card`, `MedShield insurance`. Whose card it is that
/// was declined and whose is to be had look alike, so a person reads which it is.
fn names_a_sellers(text: &str, practice: &str, wares: &[&str]) -> bool {
    // In a text all in capitals nothing stands out.
    if !text.chars().any(char::is_lowercase) {
        return false;
    }
    let practice = legible(practice);
    let own = priced(&practice);
    let mut named = false;
    let mut begins = true;
    let raw: Vec<&str> = text.split_whitespace().collect();
    for (at, word) in raw.iter().enumerate() {
        let here: Vec<String> = raw.iter().skip(at).take(3).map(|word| legible(word)).collect();
        let is_ware = |phrase: &&str| {
            let mut here = here.iter().flat_map(|word| priced(word));
            phrase.split(' ').all(|part| here.next() == Some(part))
        };
        if named && wares.iter().any(is_ware) {
            return true;
        }
        let known = here.first().is_none_or(|word| {
            priced(word).iter().all(|word| reference::NETWORKS.contains(word) || own.contains(word))
        });
        named = !begins && !known && word.starts_with(char::is_uppercase);
        begins = word.ends_with(['.', '!', '?', ':', ',']);
    }
    false
}

/// The words of a text that is [`legible`], with `$` for each amount of money and `%` for each percentage.
fn priced(legible: &str) -> Vec<&str> {
    let mut words = Vec::with_capacity(legible.len() / 4);
    let mut tokens = legible.split(' ').filter(|token| !token.is_empty()).peekable();
    while let Some(token) = tokens.next() {
        let counted = if sign(token).is_some() {
            tokens.next_if(|next| is_number(next)).and(sign(token))
        } else if is_number(token) {
            tokens.next_if(|next| unit(next).is_some()).and_then(unit)
        } else {
            None
        };
        match counted {
            Some(amount) => words.push(amount),
            None if sign(token).is_some() => {}
            None => words.push(token),
        }
    }
    words
}

/// What a number becomes beside a sign.
fn sign(token: &str) -> Option<&'static str> {
    match token {
        "$" | "\u{20ac}" => Some("$"),
        "%" => Some("%"),
        _ => None,
    }
}

/// What a number becomes before a sign or the word for one.
fn unit(token: &str) -> Option<&'static str> {
    match token {
        _ if reference::MONEY.contains(&token) => Some("$"),
        _ if reference::PERCENTS.contains(&token) => Some("%"),
        _ => sign(token),
    }
}

/// `text` in lower case and without accents, a blank for whatever is no letter or digit, and the signs of money and percentages each
/// for itself.
fn legible(text: &str) -> String {
    let unseen = |c: &char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    let mut plain = String::with_capacity(text.len() + 8);
    // Whether the word that is being written is a number so far.
    let mut counts = false;
    let mut chars = text.chars().filter(|c| !unseen(c)).map(fold).peekable();
    while let Some(c) = chars.next() {
        let begins = plain.is_empty() || plain.ends_with(' ');
        if c.is_ascii() {
            match c {
                '$' | '%' => plain.extend([' ', c, ' ']),
                // Cents and thousands belong to the number: `$19.99`, `1,000`.
                '.' | ',' if counts && chars.peek().is_some_and(char::is_ascii_digit) => continue,
                _ if c.is_ascii_alphanumeric() => plain.push(c.to_ascii_lowercase()),
                _ => plain.push(' '),
            }
        } else if c == '\u{20ac}' {
            plain.extend([' ', c, ' ']);
        } else if c.is_alphanumeric() {
            plain.extend(c.to_lowercase());
        } else {
            plain.push(' ');
        }
        counts = c.is_ascii_digit() && (begins || counts);
    }
    plain
}

fn is_number(token: &str) -> bool {
    token.bytes().all(|b| b.is_ascii_digit())
}

/// A letter without its accent, a sign of full width as the plain one.
fn fold(c: char) -> char {
    match c {
        'á' | 'à' | 'Á' | 'À' => 'a',
        'é' | 'è' | 'É' | 'È' => 'e',
        'í' | 'Í' => 'i',
        'ó' | 'Ó' => 'o',
        'ú' | 'ü' | 'Ú' | 'Ü' => 'u',
        'ñ' | 'Ñ' => 'n',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{names_amount, offers};
    use postern_gate::rendition::Offers;

    #[test]
    fn what_is_sold_under_any_name_is_an_offer() {
        for text in [
            "20% off Botox this week!",
            "Get ２０％ off a facial",
            "Save $1,000.50 on implants",
            "Teeth whitening half price",
            "refer a friend and earn $50!",
            "bring a friend, both get $25",
            "take our survey and get a $20 gift card",
            "become a VIP member for $49 a month",
            "sign up for our concierge plan",
            "enter our raffle to win an iPad!",
            "refinance your medical debt with LendCo",
            "Buy one teeth whitening, get one free",
            "25 dollars off\u{200b} your next visit",
            "50 % de descuento en limpiezas",
            "Hágase miembro hoy",
            "Aproveche la oferta",
            "Your balance is $140. Pay with the VitaPlus credit card, 0% APR for 18 months!",
            "Can't pay? Our partner MedFin has a loan for you",
            "Pay over time with CareCredit: apply at our desk",
            "Use CareCredit for your balance",
            "GoldGym: a free month for our patients",
            "Show this text at the gym and your first month is on us",
            "Instant approval for a personal loan, no credit check",
            "Try the sleep app, 30 day free trial",
            "Get 15% off your order with code SLEEP15 at checkout",
            "Use code SLEEP15 at checkout",
            "Ask for a life insurance plan with low monthly payments",
            "This message is sponsored by AcmePharma",
            "Solicite la tarjeta de crédito VitaPlus, sin cuota anual",
            "Nuestro socio MedFin tiene un préstamo para usted",
            "Ask about our laser hair removal package",
            "Join our wellness club for $9 a month",
            "Book a massage with our partner Zen Spa",
            "Now selling hearing aids from $799",
            "Upgrade to VIP care today",
            "Holiday special on facials",
            "Our store has protein shakes you will love",
            "Check out our new MedSpa menu",
            "Apply for the Sunrise Visa card",
            "Open a health savings plan with us",
            "You can also buy vitamins here",
        ] {
            assert_eq!(offers(text, "Sunrise Health"), Offers::Plainly, "{text}");
        }
    }

    #[test]
    fn an_amount_of_money_is_one_however_it_is_written() {
        for text in ["bring $40", "40 USD", "Traiga 40 dólares", "＄40", "a deposit of $1,000.50", "20 bucks"] {
            assert!(names_amount(text), "{text}");
        }
        for text in ["at 2:00 PM on 12/04", "room 40", "100% covered", "call 555-555-0100", "a dollar store"] {
            assert!(!names_amount(text), "{text}");
        }
    }

    #[test]
    fn no_template_of_ours_offers_anything_but_the_one_that_says_so() {
        for template in
            crate::templates::ALL.iter().map(|built| &built.template).filter(|template| template.name != "marketing")
        {
            for text in &template.texts {
                let said: String =
                    crate::templates::pieces(&text.body).iter().filter_map(|piece| piece.as_text()).collect();
                assert_eq!(offers(&said, "Sunrise Health"), Offers::Nothing, "{}: {said}", template.name);
            }
        }
    }

    /// Of the clean messages of the classifier's corpus, whose authors knew nothing of these words: its odd ones draw raffles and hand out
    /// coupons, which a person reads first; hardly one is taken for an offer.
    #[test]
    fn clean_messages_are_no_offers() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../classify/corpus");
        let (mut clean, mut plainly, mut perhaps) = (0, 0, 0);
        for file in std::fs::read_dir(corpus).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "tsv") {
                continue;
            }
            for line in std::fs::read_to_string(path).unwrap().lines().filter(|line| !line.starts_with('#')) {
                let cells: Vec<&str> = line.split('\t').collect();
                let &[_, "clean", .., text] = cells.as_slice() else { continue };
                clean += 1;
                match offers(text, "") {
                    Offers::Nothing => {}
                    Offers::Perhaps => perhaps += 1,
                    Offers::Plainly => plainly += 1,
                }
            }
        }
        assert!(clean > 1_000, "{clean} clean messages");
        assert!(plainly * 500 <= clean && perhaps * 100 <= clean, "{plainly} and {perhaps} of {clean}");
    }

    #[test]
    fn what_may_be_an_offer_or_asks_for_the_practice_is_read_first() {
        for text in [
            "ask about new GlucoMax",
            "donate to our building fund today",
            "like us on social media and leave a 5 star review!",
            "Our sponsors at AcmeCare can help",
            "Haga una donación",
            "We accept Visa, Mastercard and CareCredit",
            "You may pay with the VitaPlus credit card",
            "The health fair is sponsored by Rotary",
            "Ask about financing",
            "Ask us about MedShield insurance",
            "Your statement is ready. Ask us about MedShield dental plan!",
            "Refill ready. Enroll in VitaGold membership at the desk",
        ] {
            assert_eq!(offers(text, "Sunrise Health"), Offers::Perhaps, "{text}");
        }
    }

    #[test]
    fn what_the_practice_tells_of_its_own_care_is_no_offer() {
        for text in [
            "Flu shots are available this Saturday. Free parking.",
            "Your copay is $25. Pay online or call us.",
            "You can pay $50 a month. Call about a payment plan.",
            "Pay in 3 parts, no interest. Call us to set it up.",
            "Interest-free payment plan: 4 payments of $35, no fee.",
            "Pay by credit card at https://sunrise.example/pay or by check.",
            "Your Visa credit card ending in 4242 was declined.",
            "Apply for financial assistance by 12/01; we help with the form.",
            "Your copay is due at checkout.",
            "Your sample went to our partner laboratory, Quest.",
            "Bring your insurance card and a photo ID.",
            "Bring your Aetna insurance card, and ask about parking.",
            "Ask us about your insurance at the desk.",
            "Your insurance approved it. Call us about the date.",
            "Aetna insurance approved your MRI. Questions? Call 555-0100.",
            "Sign up for the patient portal to see your plan of care.",
            "Bring your hearing aids and a list of your vitamins.",
            "Your insurance plan approved the visit.",
            "Ask about parking at the desk.",
            "Stop taking vitamins and supplements two days before.",
            "Pague con tarjeta de crédito o en 3 partes sin intereses.",
            "Time for your yearly check-up. Call to book.",
            "Free blood pressure screening on Friday, no appointment needed",
            "Take 20 drops twice a day. Turn off the pump first.",
            "Sign up for our patient portal",
            "Call us if your oxygen is only 85% or your pulse starts at 90%",
            "Our partner laboratory opens at 7. Try new foods slowly.",
            "Together we mean to win this. Dr. Gala will call you.",
            "Tell us how did we do: take our survey",
            "The specialist will call you. We have a special bed for you.",
            "Vacuna contra la gripe disponible. Promoción de la salud el sábado.",
        ] {
            assert_eq!(offers(text, "Sunrise Health"), Offers::Nothing, "{text}");
        }
        assert_eq!(offers("Special Offers Clinic: see you on 12/04", "Special Offers Clinic"), Offers::Nothing);
    }
}
