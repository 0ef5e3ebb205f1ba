//! STOP in languages of which no more than the word is known.

use super::normal::Normal;

/// The word in other languages than those of the table, said alone.
const FOREIGN: &[&str] = &[
    "стоп",
    "отписаться",
    "отпишите меня",
    "остановите",
    "зупиніть",
    "停止",
    "停",
    "退订",
    "退訂",
    "dừng lại",
    "dừng",
    "ngừng",
    "ngừng lại",
    "hủy đăng ký",
    "توقف",
    "إيقاف",
    "중지",
    "그만",
    "停止してください",
];

/// Whether `whole`, normalised, is one of those.
pub(super) fn is_foreign_stop(whole: &str) -> bool {
    let said = |word: &str| Normal::new(word).text == whole;
    whole == "dung lai" || (!whole.is_ascii() && FOREIGN.iter().any(|word| said(word)))
}
