//! A message as it is read: whatever script, accents, invisible signs and spaces it was hidden in.

/// A message with everything taken off that does not change what it says.
pub(super) struct Normal {
    /// Lower-case words joined by single spaces.
    pub(super) text: String,
    /// A stop sign stood in it.
    pub(super) stop_sign: bool,
}

impl Normal {
    pub(super) fn new(text: &str) -> Self {
        let mut out = String::with_capacity(text.len());
        let mut stop_sign = false;
        for c in text.chars() {
            match fold(c) {
                Folded::Letter(letter) => out.extend(letter.to_lowercase().map(plain)),
                Folded::Nothing => {}
                Folded::Space => {
                    if !out.is_empty() && !out.ends_with(' ') {
                        out.push(' ');
                    }
                }
                Folded::StopSign => stop_sign = true,
            }
        }
        out.truncate(out.trim_end().len());
        Self { text: spelled_out(join_letters(&not_drawn_out(&out))), stop_sign }
    }
}

/// `text` with what is shortened on telephones spelled out.
fn spelled_out(text: String) -> String {
    const SHORT: &[(&str, &str)] = &[
        ("dnt", "dont"),
        ("wrng", "wrong"),
        ("nmbr", "number"),
        ("numbr", "number"),
        ("msgz", "msgs"),
        ("txtn", "texting"),
    ];
    let spelled = |word: &str| SHORT.iter().find(|(short, _)| *short == word).map(|(_, long)| *long);
    if !text.split(' ').any(|word| spelled(word).is_some()) {
        return text;
    }
    text.split(' ').map(|word| spelled(word).unwrap_or(word)).collect::<Vec<_>>().join(" ")
}

/// `text` with each letter once that is drawn out: "stooop", "pleaaase".
fn not_drawn_out(text: &str) -> String {
    const DRAWN_OUT: usize = 3;
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        let mut times: usize = 1;
        while rest.next_if_eq(&letter).is_some() {
            times = times.saturating_add(1);
        }
        let kept = if times >= DRAWN_OUT && letter.is_alphabetic() { 1 } else { times };
        out.extend(std::iter::repeat_n(letter, kept));
    }
    out
}

enum Folded {
    Letter(char),
    Nothing,
    Space,
    StopSign,
}

fn fold(c: char) -> Folded {
    let offset = |base: u32, width: u32| {
        let letter = u8::try_from((u32::from(c) - base) % width % 26).unwrap_or(0);
        Folded::Letter(char::from(b'a' + letter))
    };
    match c {
        // Zero-width and other invisible characters, combining marks, variation selectors, apostrophes.
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}'
        | '\u{180e}'
        | '\u{34f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{300}'..='\u{36f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\''
        | '\u{2018}'
        | '\u{2019}'
        | '\u{ff07}'
        | '`'
        // Points, signs of tone, and what joins letters, of Hebrew, Arabic, Indic and South East Asian scripts.
        | '\u{591}'..='\u{5c7}'
        | '\u{640}'
        | '\u{64b}'..='\u{65f}'
        | '\u{670}'
        | '\u{93c}'
        | '\u{94d}'
        | '\u{9bc}'
        | '\u{9cd}'
        | '\u{a3c}'
        | '\u{a4d}'
        | '\u{a71}'
        | '\u{acd}'
        | '\u{bcd}'
        | '\u{c4d}'
        | '\u{ccd}'
        | '\u{d4d}'
        | '\u{e47}'..='\u{e4e}'
        | '\u{ec8}'..='\u{ecd}'
        | '\u{1037}'
        | '\u{1039}'..='\u{103a}'
        | '\u{17c9}'..='\u{17d3}' => Folded::Nothing,
        '\u{1f6d1}' | '\u{26d4}' | '\u{1f515}' => Folded::StopSign,
        '\u{ff21}'..='\u{ff3a}' => offset(0xff21, 26),
        '\u{ff41}'..='\u{ff5a}' => offset(0xff41, 26),
        '\u{24b6}'..='\u{24cf}' => offset(0x24b6, 26),
        '\u{24d0}'..='\u{24e9}' => offset(0x24d0, 26),
        '\u{1f130}'..='\u{1f149}' => offset(0x1f130, 26),
        '\u{1f150}'..='\u{1f169}' => offset(0x1f150, 26),
        '\u{1f170}'..='\u{1f189}' => offset(0x1f170, 26),
        '\u{1d400}'..='\u{1d6a3}' => offset(0x1d400, 52),
        '\u{249c}'..='\u{24b5}' => offset(0x249c, 26),
        '\u{1f110}'..='\u{1f129}' => offset(0x1f110, 26),
        '\u{1f1e6}'..='\u{1f1ff}' => offset(0x1f1e6, 26),
        _ if c.is_alphanumeric() => Folded::Letter(c),
        _ => Folded::Space,
    }
}

/// The plain Latin letter a letter is read as.
const fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'а' => 'a',
        'é' | 'è' | 'ê' | 'ë' | 'е' => 'e',
        'í' | 'ì' | 'î' | 'ï' | 'і' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'о' | 'ο' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' | 'с' => 'c',
        'р' | 'ρ' => 'p',
        'т' | 'τ' => 't',
        'ѕ' => 's',
        'х' => 'x',
        'у' => 'y',
        other => small(other),
    }
}

/// The plain letter of a small capital, a raised letter or one of the Lisu script, which looks like a Latin capital.
const fn small(c: char) -> char {
    match c {
        'ᴀ' | 'ᵃ' | 'ꓮ' => 'a',
        'ʙ' | 'ᵇ' | 'ꓐ' => 'b',
        'ᴄ' | 'ᶜ' | 'ꓚ' => 'c',
        'ᴅ' | 'ᵈ' | 'ꓓ' => 'd',
        'ᴇ' | 'ᵉ' | 'ꓰ' => 'e',
        'ꜰ' | 'ᶠ' | 'ꓝ' => 'f',
        'ɢ' | 'ᵍ' | 'ꓖ' => 'g',
        'ʜ' | 'ʰ' | 'ꓧ' => 'h',
        'ɪ' | 'ⁱ' | 'ꓲ' => 'i',
        'ᴊ' | 'ʲ' | 'ꓙ' => 'j',
        'ᴋ' | 'ᵏ' | 'ꓗ' => 'k',
        'ʟ' | 'ˡ' | 'ꓡ' => 'l',
        'ᴍ' | 'ᵐ' | 'ꓟ' => 'm',
        'ɴ' | 'ⁿ' | 'ꓠ' => 'n',
        'ᴏ' | 'ᵒ' | 'ꓳ' => 'o',
        'ᴘ' | 'ᵖ' | 'ꓑ' => 'p',
        'ꞯ' => 'q',
        'ʀ' | 'ʳ' | 'ꓣ' => 'r',
        'ꜱ' | 'ˢ' | 'ꓢ' => 's',
        'ᴛ' | 'ᵗ' | 'ꓔ' => 't',
        'ᴜ' | 'ᵘ' | 'ꓴ' => 'u',
        'ᴠ' | 'ᵛ' | 'ꓦ' => 'v',
        'ᴡ' | 'ʷ' | 'ꓪ' => 'w',
        'ˣ' | 'ꓫ' => 'x',
        'ʏ' | 'ʸ' | 'ꓬ' => 'y',
        'ᴢ' | 'ᶻ' | 'ꓜ' => 'z',
        other => accented(other),
    }
}

/// The plain letter of one that languages of Europe and Asia write with a sign, and their writers without as often. Vietnamese is not among
/// them: its signs tell words apart.
const fn accented(c: char) -> char {
    match c {
        'ą' | 'ă' => 'a',
        'ć' | 'č' => 'c',
        'ď' => 'd',
        'ę' | 'ě' | 'ė' => 'e',
        'ğ' => 'g',
        'ı' => 'i',
        'ł' => 'l',
        'ń' | 'ň' => 'n',
        'ø' | 'ő' => 'o',
        'ř' => 'r',
        'ś' | 'š' | 'ş' | 'ș' | 'ß' => 's',
        'ť' | 'ţ' | 'ț' => 't',
        'ů' | 'ű' => 'u',
        'ý' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' | 'ϊ' | 'ΐ' => 'ι',
        'ό' => 'o',
        'ύ' | 'ϋ' | 'ΰ' => 'υ',
        'ώ' => 'ω',
        'ς' => 'σ',
        'ё' => 'e',
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' | 'ی' | 'ې' => 'ي',
        'ک' => 'ك',
        'ة' | 'ہ' | 'ۀ' | 'ھ' => 'ه',
        '\u{901}' => '\u{902}',
        '\u{958}' => 'क',
        '\u{959}' => 'ख',
        '\u{95a}' => 'ग',
        '\u{95b}' => 'ज',
        '\u{95c}' => 'ड',
        '\u{95d}' => 'ढ',
        '\u{95e}' => 'फ',
        '\u{95f}' => 'य',
        other => other,
    }
}

/// Text as it is shown: what stands between a sign that turns the direction round and the sign that ends it, backwards.
pub(super) fn as_shown(text: &str) -> String {
    let mut parts = text.split(TURNS);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (turned, rest) = part.split_once('\u{202c}').unwrap_or((part, ""));
        shown.extend(turned.chars().rev());
        shown.push_str(rest);
    }
    shown
}

/// Right-to-left override (Unicode Standard Annex 9, section 2.2).
pub(super) const TURNS: char = '\u{202e}';

/// Joins runs of single letters, so that `s t o p` and `S.T.O.P.` read as one word.
fn join_letters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut single = false;
    for word in text.split(' ') {
        let now = word.chars().nth(1).is_none();
        let joins = single && now;
        if !out.is_empty() && !joins {
            out.push(' ');
        }
        out.push_str(word);
        single = now;
    }
    out
}
