//! The texts that stand beside every message (notice and callback), and the answers to STOP, START and HELP.

use super::{Template, Text};
use postern_base::{Channel, Form, Language, Level, Purpose};

const fn text(language: Language, form: Form, body: &'static str) -> Text {
    Text { language, form, channel: None, subject: None, body }
}

const fn on(
    channel: Channel,
    language: Language,
    form: Form,
    subject: Option<&'static str>,
    body: &'static str,
) -> Text {
    Text { language, form, channel: Some(channel), subject, body }
}

/// Notice and callback, for every purpose. They carry L0: that a message waits, the neutral sender, a number, the portal.
pub const EVERYWHERE: &[Text] = &[
    text(
        Language::En,
        Form::Notice,
        "New secure message from {sender}. Sign in at {link} or call {callback}. STOP to opt out",
    ),
    text(
        Language::Es,
        Form::Notice,
        "Mensaje seguro de {sender}. Entre en {link} o llame al {callback}. STOP para darse de baja",
    ),
    // RULES EML-02: the subject is open content, L0 always.
    on(
        Channel::Email,
        Language::En,
        Form::Notice,
        Some("A message from {sender}"),
        "You have a new secure message from {sender}.\n\nSign in at {link} or call {callback}.\n\n\
         This mailbox is not read. To stop these notices, call {callback}.\n",
    ),
    on(
        Channel::Email,
        Language::Es,
        Form::Notice,
        Some("Un mensaje de {sender}"),
        "Tiene un mensaje seguro nuevo de {sender}.\n\nEntre en {link} o llame al {callback}.\n\n\
         Nadie lee este buzón. Para no recibir estos avisos, llame al {callback}.\n",
    ),
    // RULES PSH-01: a push title and body carry L0.
    on(
        Channel::Push,
        Language::En,
        Form::Notice,
        Some("{sender}"),
        "You have a new secure message. Open the app to read it.",
    ),
    on(
        Channel::Push,
        Language::Es,
        Form::Notice,
        Some("{sender}"),
        "Tiene un mensaje seguro nuevo. Abra la aplicación para leerlo.",
    ),
    // 47 CFR 64.1200(b): who is responsible, at the start; a number, during the message.
    text(
        Language::En,
        Form::Callback,
        "This is {sender}. Please call us at {callback}. To stop these messages, tell us at that number.",
    ),
    text(
        Language::Es,
        Form::Callback,
        "Le habla {sender}. Por favor llame al {callback}. Para no recibir mensajes, avise en ese número.",
    ),
];

/// P12: the one confirmation of an opt-out (47 CFR 64.1200(a)(12)): no marketing, no attempt to change the patient's mind.
/// It tells a patient who wrote CANCEL about a visit whom to call (RULES TCP-12).
pub const OPT_OUT_CONFIRMATION: Template = Template {
    name: "opt_out_confirmation",
    version: 1,
    purposes: &[Purpose::ConsentConfirmation],
    level: Level::L0,
    slots: &[],
    texts: &[
        text(
            Language::En,
            Form::Full,
            "{sender}: you will get no more texts from us. About a visit, call {callback}. Reply START to undo.",
        ),
        text(
            Language::Es,
            Form::Full,
            "{sender}: no le enviaremos mensajes de texto. Para una cita, llame al {callback}. START para reactivar.",
        ),
    ],
};

/// P12: the confirmation of an opt-in (CTIA).
pub const OPT_IN_CONFIRMATION: Template = Template {
    name: "opt_in_confirmation",
    version: 1,
    purposes: &[Purpose::ConsentConfirmation],
    level: Level::L0,
    slots: &[],
    texts: &[
        text(
            Language::En,
            Form::Full,
            "{sender}: you will get texts from us again. Msg & data rates may apply. Call {callback} for help. \
             Reply STOP to opt out.",
        ),
        text(
            Language::Es,
            Form::Full,
            "{sender}: volvera a recibir mensajes. Pueden aplicar tarifas. Ayuda: {callback}. \
             Responda STOP para darse de baja.",
        ),
    ],
};

/// P12: the answer to HELP (RULES TCP-25).
pub const HELP: Template = Template {
    name: "help",
    version: 1,
    purposes: &[Purpose::ConsentConfirmation],
    level: Level::L0,
    slots: &[],
    texts: &[
        text(
            Language::En,
            Form::Full,
            "{sender}: for help call {callback}. Msg & data rates may apply. Reply STOP to opt out.",
        ),
        text(
            Language::Es,
            Form::Full,
            "{sender}: para ayuda llame al {callback}. Pueden aplicar tarifas. Responda STOP para darse de baja.",
        ),
    ],
};
