//! STOP in languages whose sentences are not read: of each no more than the words of a table are known. A whole message that is one of
//! them revokes; a sentence that may say so is for somebody who reads the language.

use super::unread::is_read;
use crate::reference::{TONGUES, Tongue};

/// Whether `text`, normalised, is nothing but words of one of those languages that revoke, politely or not.
pub(super) fn is_foreign_stop(text: &str) -> bool {
    TONGUES.iter().any(|tongue| {
        let mut rest = text;
        while !tongue.alone.contains(&rest) {
            let Some(left) = without_courtesy(rest, tongue) else { return false };
            rest = left;
        }
        true
    })
}

/// `text` without what goes with anything and changes nothing, at its beginning or its end; words that are written apart stay whole.
fn without_courtesy<'t>(text: &'t str, tongue: &Tongue) -> Option<&'t str> {
    let apart =
        |left: &str, courtesy: &str, edge: Option<char>| left.is_empty() || edge == Some(' ') || !courtesy.is_ascii();
    let left = tongue.courtesies.iter().flat_map(|courtesy| {
        let behind = text.strip_prefix(courtesy).filter(|left| apart(left, courtesy, left.chars().next()));
        let before = text.strip_suffix(courtesy).filter(|left| apart(left, courtesy, left.chars().next_back()));
        [behind, before]
    });
    left.flatten().map(str::trim).min_by_key(|left| left.len())
}

/// Whether `text` may say in one of those languages that no more messages are wanted.
pub(super) fn may_be_foreign_stop(text: &str) -> bool {
    if is_read(text) {
        return false;
    }
    // So short, a word that tells somebody to stop is most of what is said.
    const SHORT: usize = 4;
    // Where words are not written apart, a letter is most of a word.
    const SHORT_IN_LETTERS: usize = 14;
    let short = text.split(' ').count() <= SHORT && (text.contains(' ') || text.chars().count() <= SHORT_IN_LETTERS);
    let says = |words: &[&str]| words.iter().any(|word| holds(text, word));
    TONGUES.iter().any(|tongue| {
        let stops = says(tongue.stops);
        (stops && short) || ((stops || says(tongue.refuses)) && says(tongue.sent))
    })
}

/// Whether the words that `text` holds are all ones that change nothing in one of those languages.
pub(super) fn is_foreign_assent(text: &str) -> bool {
    let assents = |tongue: &Tongue| {
        let mut rest = text;
        while let Some(left) = tongue
            .assents
            .iter()
            .filter_map(|word| rest.strip_prefix(word))
            .map(str::trim_start)
            .min_by_key(|left| left.len())
        {
            rest = left;
        }
        rest.is_empty()
    };
    TONGUES.iter().any(assents)
}

/// Whether `text` holds `word`: whole; at the beginning of a word, where it ends with `*`; anywhere, where it begins with `*` too.
fn holds(text: &str, word: &str) -> bool {
    match (word.strip_prefix('*'), word.strip_suffix('*')) {
        (Some(anywhere), _) => text.contains(anywhere.trim_end_matches('*')),
        (None, Some(beginning)) => super::at_word(text, beginning),
        (None, None) => super::has_run(text, word),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{all, kept};
    use super::super::{Meaning, read};
    use crate::reference::TONGUES;

    #[test]
    fn stop_is_heard_in_the_languages_that_patients_write() {
        let russian = ["Стоп", "Отписаться", "Не пишите мне!", "Хватит", "стоп, пожалуйста"];
        let ukrainian = ["Зупиніть", "Відписатися", "Не пишіть мені", "Припиніть, будь ласка"];
        let chinese = ["停止", "退订", "退訂。", "不要再发了", "請停止", "拒收"];
        let korean = ["그만", "수신거부", "중지", "문자 보내지 마세요.", "그만 보내세요"];
        let vietnamese = ["Dừng lại", "dừng", "Ngừng", "dung lai", "Hủy đăng ký", "Đừng nhắn tin nữa"];
        let arabic = ["توقف", "إيقاف", "أوقفوا", "إلغاء الاشتراك", "لا ترسلوا لي", "توقف من فضلك"];
        let tagalog = ["Itigil", "itigil na po", "Tama na", "Tigilan mo", "Ihinto na"];
        let creole = ["Sispann", "Sispann voye mesaj", "rete", "Tanpri sispann", "Pa voye mesaj ankò"];
        for words in [&russian[..], &ukrainian, &chinese, &korean, &vietnamese, &arabic, &tagalog, &creole] {
            all(words, Meaning::Revokes);
        }
        let more =
            ["Przestańcie", "Basta messaggi", "बंद करो", "mat bhejo", "ਬੰਦ ਕਰੋ", "بند کریں", "متوقف کنید", "դադարեցրեք"];
        all(&more, Meaning::Revokes);
        all(
            &["Σταματήστε", "durdurun lütfen", "หยุดส่งข้อความ", "Thov txhob xa ntawv", "Stopp", "jooji"],
            Meaning::Revokes,
        );
    }

    #[test]
    fn a_sentence_that_may_say_so_is_read_by_a_person() {
        kept(&[
            "Прекратите присылать мне сообщения",
            "Будь ласка, більше не надсилайте повідомлень",
            "请不要再给我发短信",
            "문자 그만 보내세요 제발",
            "ngừng nhắn tin cho tôi",
            "توقف عن إرسال الرسائل",
            "Itigil na ang pag-text sa akin",
            "Sispann voye mesaj ban mwen",
            "Bitte keine Nachrichten mehr",
            "parem de me mandar mensagens",
            "Hör auf mir zu schreiben",
            "Proszę nie wysyłać mi więcej wiadomości",
            "Smettetela di scrivermi, per favore",
            "mujhe aur message mat bhejna",
            "Μην μου ξαναστείλετε μηνύματα",
            "Artık bana mesaj göndermeyin lütfen",
            "Thov txhob xa ntawv rau kuv ntxiv lawm",
        ]);
    }

    #[test]
    fn a_yes_or_a_thanks_in_those_languages_changes_nothing() {
        let said =
            ["да", "спасибо", "так", "дякую", "是", "好的", "谢谢", "네", "감사합니다", "vâng", "cảm ơn", "đúng"];
        all(&said, Meaning::Other);
        all(
            &["نعم", "شكرا", "oo", "salamat po", "wi", "mesi", "Opo, darating ako", "好的谢谢", "да, спасибо!"],
            Meaning::Other,
        );
    }

    #[test]
    fn whatever_revokes_alone_is_heard_with_every_courtesy_of_its_language() {
        for tongue in TONGUES {
            for words in tongue.alone {
                assert!(read(words).stops(), "{words}");
                for courtesy in tongue.courtesies {
                    assert!(read(&format!("{courtesy} {words}")).stops(), "{courtesy} {words}");
                }
            }
        }
    }
}
