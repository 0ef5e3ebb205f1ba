//! What whole messages are taken for.

use super::*;

/// Every one of `texts` means `expected`; what does not is shown with what it is taken for.
pub(super) fn all(texts: &[&str], expected: Meaning) {
    let otherwise: Vec<_> = texts.iter().map(|text| (text, read(text))).filter(|(_, is)| *is != expected).collect();
    assert!(otherwise.is_empty(), "not {expected:?}: {otherwise:?}");
}

/// Nothing goes after any of `texts` before a person has read it, or the patient has asked again.
pub(super) fn kept(texts: &[&str]) {
    let kept_from = |text: &&str| read(text).stops() || read(text) == Meaning::Ambiguous;
    let sent: Vec<_> = texts.iter().filter(|text| !kept_from(text)).collect();
    assert!(sent.is_empty(), "nobody reads {sent:?}");
}

#[test]
fn a_command_to_end_it_revokes_and_the_same_words_in_another_sentence_do_not() {
    all(
        &[
            "Quit it",
            "End this",
            "end it.",
            "pls dont txt me no more",
            "remove this number",
            "enough with these texts already",
            "texts must end",
            "st0p",
            "5top",
            "sto p",
            "stahp",
            "I want out",
        ],
        Meaning::Revokes,
    );
    all(
        &[
            "I will quit work early to come",
            "see you at the end of the day",
            "End of the month works",
            "Is that enough time?",
            "room 5 or 0?",
            "my dad wants out of the hospital today",
        ],
        Meaning::Other,
    );
}

#[test]
fn the_seven_words_revoke_however_they_are_written() {
    all(
        &["STOP", "stop", " Stop. ", "stop!!!", "quit", "END", "revoke", "opt out", "OPT-OUT", "optout", "unsubscribe"],
        Meaning::Revokes,
    );
    all(
        &[
            "ＳＴＯＰ",
            "s\u{200b}top",
            "S\u{fe0f}TOP",
            "STOP 🛑",
            "🛑",
            "s t o p",
            "S.T.O.P.",
            "STOPPP",
            "𝐒𝐓𝐎𝐏",
            "ⓢⓣⓞⓟ",
            "ЅТОР",
            "stóp",
            "🔕",
        ],
        Meaning::Revokes,
    );
}

#[test]
fn who_takes_it_back_politely_wearily_or_by_another_word_is_understood() {
    all(
        &[
            "withdraw",
            "EXIT",
            "don't reply to this number again",
            "can u remove my mom from this",
            "Gracias por todo, pero le agradecería que no me volviera a escribir a este número.",
            "Retire mi autorización",
            "No consiento",
            "ya les dije que no",
            "porfa ya no",
            "no gracias ya no",
            "¡nunca más!",
            "no insistan",
            "fuera",
            "no hace falta que me escriban",
        ],
        Meaning::Revokes,
    );
    all(
        &[
            "mi esposa murió",
            "Mi papá murió",
            "murió mi mamá",
            "ella murió",
            "my dad is dead",
            "found another doctor, thanks",
            "I'm no longer a patient there",
            "cambié de doctor",
        ],
        Meaning::Ambiguous,
    );
    all(&["this is a business line", "You are texting a school", "no los conozco"], Meaning::WrongNumber);
    all(&["my phone is dead, call the house"], Meaning::Other);
}

#[test]
fn a_short_sentence_that_a_reasonable_person_understands_revokes() {
    all(
        &[
            "pls STOP texting",
            "Please stop.",
            "stop texting me",
            "Stop sending me these messages",
            "Don't text me again",
            "do not contact me",
            "remove me from your list",
            "take me off this list",
            "No more texts",
            "leave me alone",
            "I want to opt out",
            "stop thanks",
            "Please unsubscribe me",
            "I don't want these texts",
            "take this number off your list",
            "I told you guys to quit",
            "fuck off",
            "stpo",
            "STOP STOP",
            "Stop 2 end",
            "Not interested, stop",
            "STOP (sent from my phone)",
            "Stop! You are not my doctor",
            "I want you to STOP",
            "I no longer want these messages",
            "cease",
            "unsuscribe",
            "no texts",
            "cancel all messages",
        ],
        Meaning::Revokes,
    );
}

#[test]
fn spanish_revokes_too() {
    all(
        &[
            "ALTO",
            "parar",
            "Por favor pare",
            "no me escriban más",
            "No más mensajes",
            "dejen de enviarme mensajes",
            "quiero darme de baja",
            "para",
            "¡Basta!",
            "Ya basta",
            "no quiero mensajes",
            "ARRETEZ",
            "Buenas tardes, favor de no mandar mensajes",
            "sáquenme de su lista",
            "deja de escribirme",
            "quiero dejar de recibir mensajes",
            "no me vuelvan a llamar",
            "Párenle ya",
            "no me interesa, gracias",
        ],
        Meaning::Revokes,
    );
}

#[test]
fn spanish_that_tells_or_asks_something_else_does_not_revoke() {
    all(
        &[
            "Dejé de fumar hace un mes",
            "Todavía no me llamaron con los resultados",
            "no me enviaron la información",
            "¿Me puede quitar una duda?",
            "Gracias por los mensajes",
            "por favor no dejen de mandarme mensajes",
            "mejor por la mañana",
            "¿debo dejar de tomar la aspirina?",
            "¿debo dejar de tomar la pastilla o parar?",
        ],
        Meaning::Other,
    );
    all(&["cancelo mi cita"], Meaning::Ambiguous);
}

#[test]
fn cancel_revokes_and_says_that_it_may_mean_the_visit() {
    let heard = [
        "CANCEL",
        "cancel please",
        "Cancelar",
        "Cancelen",
        "Sorry, I can't make it. Cancel",
        "I can't come, please cancel",
    ];
    all(&heard, Meaning::RevokesOrCancelsVisit);
}

#[test]
fn doubtful_wording_goes_to_a_person() {
    all(
        &[
            "should I stop?",
            "don't stop",
            "please cancel my appointment",
            "could you stop it with the ibuprofen and my pills",
        ],
        Meaning::Ambiguous,
    );
}

#[test]
fn a_wrong_number_is_heard_even_beside_a_stop() {
    all(
        &["wrong number", "Who is this?", "Número equivocado", "Sorry, you have the wrong person"],
        Meaning::WrongNumber,
    );
    all(
        &[
            "You have the WRONG number, stop texting",
            "STOP. wrong number",
            "wrong number STOP",
            "Número equivocado, no me escriban más",
            "cancel, wrong number",
        ],
        Meaning::WrongNumberAndStop,
    );
    all(
        &["Está equivocado de número", "Este número no es de Juan", "No me llamo María", "¿Quién me escribe?"],
        Meaning::WrongNumber,
    );
}

#[test]
fn only_start_by_itself_lifts() {
    all(&["START", "unstop", "Start please"], Meaning::Resumes);
    all(&["can we start at 9", "when does it start", "I quit smoking 3 weeks ago"], Meaning::Other);
    all(&["is there a bus stop nearby", "I'll stop by at 3", "Non-stop busy, see you Friday"], Meaning::Other);
}

#[test]
fn a_stop_is_heard_in_other_scripts_and_disguises() {
    all(
        &[
            "СТОП",
            "停止",
            "dừng lại",
            "ꜱᴛᴏᴘ",
            "ˢᵗᵒᵖ",
            "ꓢꓔꓳꓑ",
            "\u{202e}POTS",
            "\u{202e}POTS\u{202c} please",
            "🇸🇹🇴🇵",
            "Cease and desist all communications",
            "I do not authorize these messages",
            "no autorizo mas mensajes",
            "Don't use this number",
            "Por favor no textear",
            "no quiero nada de ustedes",
            "dejar de recibir",
            "no usen este número",
        ],
        Meaning::Revokes,
    );
    all(&["cancélame", "Cancélenme por favor"], Meaning::RevokesOrCancelsVisit);
    all(&["no quiero nada para el dolor", "no pude llamar ayer", "I can't use this number pad"], Meaning::Other);
}

#[test]
fn an_illness_that_will_not_stop_stops_nothing() {
    all(&["My cough won't stop, should I still come?", "the headache does not stop"], Meaning::Other);
    assert!(read("my cough won't stop and neither do you: stop texting me").stops());
}

#[test]
fn help_and_everything_else_change_nothing() {
    all(&["HELP", "info", "ayuda"], Meaning::Help);
    all(
        &["yes", "ok see you at the end of the week", "C", "thanks", "running late", "", "sí, confirmo", "1"],
        Meaning::Other,
    );
}

#[test]
fn a_revocation_speaks_of_what_it_names() {
    let of = |text| {
        let SpokenOf { texts, calls, mails, .. } = spoken_of(text);
        (texts, calls, mails)
    };
    assert_eq!(of("Stop texting me"), (true, false, false));
    assert_eq!(of("do not call or text"), (true, true, false));
    assert_eq!(of("no me envíen más correos"), (false, false, true));
    assert_eq!(of("do not contact me again"), (true, true, true));
    assert_eq!(of("STOP"), (false, false, false));
}

#[test]
fn curses_threats_and_weary_words_are_read_by_a_person() {
    let said = [
        "This is harassment",
        "I will sue you",
        "text me again and I'll sue",
        "not safe to text me here",
        "If you text me again I'm calling my lawyer.",
        "f*** off",
        "off",
        "Delete.",
        "ya no",
    ];
    for text in said {
        assert!(read(text).stops() || read(text) == Meaning::Ambiguous, "{text}");
    }
    all(&["My husband asks that you never message this phone again"], Meaning::Revokes);
    let clear = [
        "QUIT spamming me",
        "quit blowing up my phone",
        "I prefer not to receive texts from you",
        "mail only please",
        "take us off",
        "unlist me",
        "DNC",
        "TCPA violation, my attorney will contact you",
        "desinscribir",
        "eliminar mi número",
    ];
    all(&clear, Meaning::Revokes);
    all(&["My lawyer needs the form by Friday", "I get off at two", "Sue will drive me"], Meaning::Other);
}

#[test]
fn what_else_stops_and_ends_is_no_stop_and_who_asks_to_go_on_is_written_to() {
    all(
        &[
            "Should I stop taking my aspirin before the procedure?",
            "when do I stop the antibiotics",
            "I can't stop coughing",
            "can I stop this medication",
            "the bleeding has stopped",
            "it stopped hurting",
            "please don't stop the reminders, they help",
            "don't stop texting me, I like the reminders",
            "I stopped by the office yesterday",
            "traffic stopped, running late",
            "I need to cancel my gym membership first",
            "my license was revoked so I need a ride",
            "take me off the waiting list please",
            "End of August is better",
            "I quit drinking in June",
            "Do I stop eating at midnight?",
            "I don't want to miss your call",
            "my insurance ended",
        ],
        Meaning::Other,
    );
    kept(&[
        "if you don't stop texting me I will report you",
        "you never stop calling",
        "this office does not stop sending messages, enough",
        "esta clínica no deja de mandarme mensajes",
        "stop taking my time with these texts",
        "I can't stop these messages from coming",
        "stop the nonsense",
        "stop texting me about my medication",
    ]);
}

#[test]
fn a_review_takes_nothing_back_but_a_doubt() {
    use Meaning::*;
    let all = [WrongNumber, WrongNumberAndStop, Revokes, RevokesOrCancelsVisit, Ambiguous, Resumes, Help, Other];
    for read in all {
        assert_eq!(read.reviewed(None), read);
        let nothing = read.reviewed(Some(Review::Nothing));
        assert_eq!(nothing, if read == Ambiguous { Other } else { read });
        for review in Review::ALL {
            let after = read.reviewed(Some(*review));
            assert!(after.stops() || !read.stops(), "{read:?} {review}");
            assert!(after.is_wrong_number() || !read.is_wrong_number(), "{read:?} {review}");
            assert!(after != Resumes || read == Resumes, "{read:?} {review}");
        }
        assert!(read.reviewed(Some(Review::Stops)).stops());
        assert!(read.reviewed(Some(Review::WrongNumber)).is_wrong_number());
    }
}
