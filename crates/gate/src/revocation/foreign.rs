//! STOP in languages of which no more than the words are known.

use super::normal::Normal;

/// The words in other languages than those of the table, said alone: Russian, Ukrainian, Chinese, Japanese, Korean, Vietnamese, Arabic,
/// Persian, Hindi, Tagalog, Haitian Creole. Nobody who reads those has been asked yet; a whole message that is one of them is not
/// likely to say anything else.
const FOREIGN: &[&str] = &[
    "стоп",
    "хватит",
    "прекратите",
    "перестаньте",
    "остановите",
    "остановить",
    "отписаться",
    "отпишите меня",
    "отмена",
    "не пишите",
    "не пишите мне",
    "не звоните",
    "удалите меня",
    "удалите мой номер",
    "больше не пишите",
    "зупиніть",
    "зупинити",
    "припиніть",
    "досить",
    "відписатися",
    "відпишіть мене",
    "не пишіть",
    "не пишіть мені",
    "не дзвоніть",
    "停止",
    "停",
    "停止发送",
    "停止發送",
    "退订",
    "退訂",
    "取消订阅",
    "取消訂閱",
    "拒收",
    "不要再发",
    "不要再發",
    "不要再发了",
    "不要再發了",
    "别再发了",
    "別再發了",
    "別再傳了",
    "不要发短信给我",
    "请停止",
    "請停止",
    "停止してください",
    "配信停止",
    "配信停止してください",
    "やめてください",
    "중지",
    "중단",
    "그만",
    "그만하세요",
    "그만 보내세요",
    "그만 보내주세요",
    "수신거부",
    "수신 거부",
    "문자 보내지 마세요",
    "보내지 마세요",
    "연락하지 마세요",
    "dừng lại",
    "dừng",
    "ngừng",
    "ngừng lại",
    "ngưng",
    "hủy đăng ký",
    "huỷ đăng ký",
    "đừng nhắn tin nữa",
    "đừng nhắn nữa",
    "đừng gửi nữa",
    "đừng gọi nữa",
    "توقف",
    "توقفوا",
    "قف",
    "أوقف",
    "أوقفوا",
    "إيقاف",
    "ايقاف",
    "إلغاء الاشتراك",
    "الغاء الاشتراك",
    "كفى",
    "لا ترسلوا",
    "لا ترسلوا لي",
    "لا تراسلوني",
    "لا تتصلوا بي",
    "لغو",
    "बंद करो",
    "बंद करें",
    "रोकें",
];
/// The same in plain Latin letters.
const PLAIN: &[&str] = &[
    "dung lai",
    "ngung lai",
    "huy dang ky",
    "dung nhan tin nua",
    "itigil",
    "itigil na",
    "itigil mo",
    "itigil mo na",
    "itigil nyo na",
    "itigil na ninyo",
    "tigil",
    "tigil na",
    "tigilan",
    "tigilan mo",
    "tigilan nyo",
    "ihinto",
    "ihinto na",
    "hinto",
    "tama na",
    "huwag na mag text",
    "wag na mag text",
    "wag na kayo mag text",
    "huwag nyo na akong i text",
    "sispann",
    "sispann sa",
    "sispann voye mesaj",
    "sispann ekri m",
    "sispann rele m",
    "pa voye mesaj anko",
    "pa ekri m anko",
    "pa rele m anko",
    "kanpe",
    "rete",
    "dezabone",
    "retire m",
    "retire m nan lis la",
];
/// What goes with it and changes nothing, in those languages.
const COURTESIES: &[&str] = &[
    "please",
    "pls",
    "пожалуйста",
    "будь ласка",
    "请",
    "請",
    "po",
    "paki",
    "tanpri",
    "souple",
    "mesi",
    "من فضلك",
    "رجاء",
];

/// How the same languages, and German and Portuguese, say "no more" and "messages" inside a sentence: a message that says both may end
/// them, and somebody who reads the language decides. The beginnings of words, as they are written.
const NO_MORE_MESSAGES: &[(&[&str], &[&str])] = &[
    (
        &[
            "прекрат",
            "перестан",
            "останов",
            "хватит",
            "больше не",
            "не пиш",
            "не присыл",
            "не отправ",
            "не звон",
            "удал",
        ],
        &["сообщ", "смс", "пиш", "писать", "присыл", "отправ", "звон", "номер", "рассыл"],
    ),
    (
        &["припин", "зупин", "перестан", "досить", "більше не", "не пиш", "не надсил", "не дзвон", "видал"],
        &["повідомл", "смс", "пиш", "писати", "надсил", "дзвон", "номер", "розсил"],
    ),
    (
        &["停", "不要", "别再", "別再", "别给", "別給", "勿"],
        &["短信", "簡訊", "信息", "訊息", "消息", "发", "發", "传", "傳", "联系", "聯絡", "电话", "電話"],
    ),
    (&["停止", "やめ", "止め", "送らない", "しないで"], &["メール", "メッセージ", "連絡", "送", "電話"]),
    (&["그만", "중지", "중단", "마세요", "말아", "마라"], &["문자", "메시지", "연락", "전화", "보내"]),
    (&["ngừng", "ngưng", "dừng", "đừng", "thôi"], &["nhắn", "tin", "gửi", "gọi", "liên lạc"]),
    (
        &["توقف", "أوقف", "اوقف", "إيقاف", "ايقاف", "كف", "لا ترسل", "لا تراسل", "لا تتصل"],
        &["رسائل", "رسالة", "إرسال", "ارسال", "ترسل", "تراسل", "تصل"],
    ),
    (&["itigil", "tigil", "huwag", "wag ", "ihinto", "tama na"], &["text", "mensahe", "tawag", "padala"]),
    (&["sispann", "pa voye", "pa ekri", "pa rele", "rete "], &["mesaj", "voye", "ekri", "rele"]),
    (
        &["keine", "nicht mehr", "aufhören", "hört auf", "hören sie auf", "lassen sie"],
        &["nachricht", "sms", "schreib", "schick", "anruf"],
    ),
    (
        &["parem", "pare de", "parar de", "não me", "nao me", "não quero", "nao quero", "chega de"],
        &["mensage", "mandar", "mandem", "enviar", "enviem", "escrev", "ligar", "liguem"],
    ),
];

/// Whether `text` may say in one of those languages that no more messages are wanted.
pub(super) fn may_be_foreign_stop(text: &str) -> bool {
    let lower = text.to_lowercase();
    let says = |beginnings: &[&str]| beginnings.iter().any(|beginning| lower.contains(beginning));
    NO_MORE_MESSAGES.iter().any(|(no_more, messages)| says(no_more) && says(messages))
}

/// Whether `text`, `whole` when normalised, is one of those.
pub(super) fn is_foreign_stop(text: &str, whole: &str) -> bool {
    // Without its accents a word may be another one's: "dừng" is stop, "dung" perhaps right.
    let is = |said: &str| {
        PLAIN.contains(&said) || (!text.is_ascii() && FOREIGN.iter().any(|word| Normal::new(word).text == said))
    };
    let bare = || {
        let padded = COURTESIES.iter().map(|word| Normal::new(word).text);
        let bare = padded.fold(format!(" {whole} "), |text, word| text.replace(&format!(" {word} "), " "));
        bare.trim().to_owned()
    };
    is(whole) || is(&bare())
}

#[cfg(test)]
mod tests {
    use super::super::Meaning;
    use super::super::tests::all;

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
    }

    #[test]
    fn a_sentence_that_may_say_so_is_read_by_a_person() {
        let said = [
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
        ];
        all(&said, Meaning::Ambiguous);
        let visits =
            ["Я приду в пятницу в два", "我星期五来", "금요일에 갈게요", "Ich komme am Freitag", "Vou na sexta"];
        all(&visits, Meaning::Other);
    }

    #[test]
    fn a_yes_or_a_thanks_in_those_languages_changes_nothing() {
        let said =
            ["да", "спасибо", "так", "дякую", "是", "好的", "谢谢", "네", "감사합니다", "vâng", "cảm ơn", "đúng"];
        all(&said, Meaning::Other);
        all(&["نعم", "شكرا", "oo", "salamat po", "wi", "mesi", "Opo, darating ako"], Meaning::Other);
    }
}
