//! What a text offers or asks for: whether it is marketing under another name (47 CFR 64.1200(f)(1), 45 CFR 164.501). The words are a
//! table of the gate's, `offer-words`; here is how a text is read for them.

use postern_gate::reference;
use postern_gate::rendition::Offers;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A phrase after its first word, and what it makes of a text.
type Rest = (Vec<&'static str>, Offers);

/// Every phrase, by its first word.
static PHRASES: LazyLock<HashMap<&'static str, Vec<Rest>>> = LazyLock::new(|| {
    let mut by_first: HashMap<&'static str, Vec<Rest>> = HashMap::new();
    let lists = [(reference::OFFERS, Offers::Plainly), (reference::APPEALS, Offers::Perhaps)];
    for (phrase, offers) in lists.into_iter().flat_map(|(list, offers)| list.iter().map(move |phrase| (phrase, offers)))
    {
        let mut words = phrase.split(' ');
        if let Some(first) = words.next() {
            by_first.entry(first).or_default().push((words.collect(), offers));
        }
    }
    by_first
});

/// What `text` offers. What the practice calls itself is not what it sells.
pub(crate) fn offers(text: &str, practice: &str) -> Offers {
    let (text, name) = (words(text), words(practice));
    let words: Vec<&str> = text.iter().map(String::as_str).collect();
    let name: Vec<&str> = name.iter().map(String::as_str).collect();
    let mut found = Offers::Nothing;
    let mut rest = words.as_slice();
    while let [word, after @ ..] = rest {
        rest = match rest.strip_prefix(name.as_slice()) {
            Some(past) if !name.is_empty() => past,
            _ => {
                let phrases = PHRASES.get(word).into_iter().flatten();
                found = phrases
                    .filter(|(more, _)| after.starts_with(more))
                    .map(|(_, offers)| *offers)
                    .fold(found, Ord::max);
                after
            }
        };
    }
    found
}

/// The words of `text`, in lower case and without accents, with `$` for each amount of money and `%` for each percentage.
fn words(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let mut words = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let counted = if sign(&token).is_some() {
            tokens.next_if(|next| is_number(next)).and(sign(&token))
        } else if is_number(&token) {
            tokens.next_if(|next| unit(next).is_some()).and_then(|next| unit(&next))
        } else {
            None
        };
        match counted {
            Some(amount) => words.push(amount.to_owned()),
            None if sign(&token).is_some() => {}
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
        "dollars" | "dolares" => Some("$"),
        "percent" => Some("%"),
        _ => sign(token),
    }
}

/// Words, numbers, and the signs of money and percentages, each for itself.
fn tokens(text: &str) -> Vec<String> {
    let unseen = |c: &char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    let mut tokens: Vec<String> = Vec::with_capacity(32);
    let mut grows = false;
    let mut chars = text.chars().filter(|c| !unseen(c)).map(fold).peekable();
    while let Some(c) = chars.next() {
        let is_sign = matches!(c, '$' | '%' | '\u{20ac}');
        match tokens.last_mut().filter(|_| grows) {
            Some(last) if c.is_alphanumeric() => last.extend(c.to_lowercase()),
            // Cents and thousands belong to the number: `$19.99`, `1,000`.
            Some(last)
                if matches!(c, '.' | ',') && is_number(last) && chars.peek().is_some_and(char::is_ascii_digit) => {}
            _ if c.is_alphanumeric() || is_sign => {
                tokens.push(c.to_lowercase().collect());
                grows = !is_sign;
            }
            _ => grows = false,
        }
    }
    tokens
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
    use super::offers;
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
        ] {
            assert_eq!(offers(text, "Sunrise Health"), Offers::Plainly, "{text}");
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
