//! The templates a request may name.

use super::everywhere::{HELP, OPT_IN_CONFIRMATION, OPT_OUT_CONFIRMATION};
use super::{DataClass, Slot, SlotKind, Template, Text};
use postern_base::{Channel, Form, Language, Level, Purpose};

/// Every built-in template.
pub const ALL: &[Template] = &[
    APPOINTMENT_REMINDER,
    TEST_RESULT,
    BILLING_STATEMENT,
    ONE_TIME_CODE,
    OPT_OUT_CONFIRMATION,
    OPT_IN_CONFIRMATION,
    HELP,
];

/// The template of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Template> {
    ALL.iter().find(|template| template.name == name)
}

const fn text(language: Language, form: Form, body: &'static str) -> Text {
    Text { language, form, channel: None, subject: None, body }
}

const fn email(language: Language, form: Form, subject: &'static str, body: &'static str) -> Text {
    Text { language, form, channel: Some(Channel::Email), subject: Some(subject), body }
}

const fn portal(language: Language, subject: &'static str, body: &'static str) -> Text {
    Text { language, form: Form::Full, channel: Some(Channel::Portal), subject: Some(subject), body }
}

/// P1: an appointment.
pub(super) const APPOINTMENT_REMINDER: Template = Template {
    name: "appointment_reminder",
    version: 1,
    purposes: &[Purpose::AppointmentReminder],
    level: Level::L3,
    slots: &[
        Slot { name: "start", kind: SlotKind::DateTime, class: DataClass::Logistics, required: true },
        Slot { name: "site", kind: SlotKind::Line(40), class: DataClass::Logistics, required: false },
        Slot { name: "clinician", kind: SlotKind::Line(60), class: DataClass::General, required: false },
        Slot { name: "visit", kind: SlotKind::Line(80), class: DataClass::Diagnostic, required: false },
        Slot { name: "instructions", kind: SlotKind::Prose(1000), class: DataClass::Diagnostic, required: false },
    ],
    texts: &[
        text(
            Language::En,
            Form::Minimal,
            "{sender}: appointment {start}[ at {site}]. Call {callback}. Reply STOP to opt out",
        ),
        text(
            Language::Es,
            Form::Minimal,
            "{sender}: cita el {start}[ en {site}]. Llame al {callback}. Responda STOP para darse de baja",
        ),
        email(
            Language::En,
            Form::Minimal,
            "A message from {sender}",
            "You have an appointment with {sender} on {start}[ at {site}].\n\nTo change it, call {callback}.\n",
        ),
        email(
            Language::Es,
            Form::Minimal,
            "Un mensaje de {sender}",
            "Tiene una cita con {sender} el {start}[ en {site}].\n\nPara cambiarla, llame al {callback}.\n",
        ),
        text(
            Language::En,
            Form::Full,
            "You have an appointment with {sender} on {start}[ at {site}][ with {clinician}][ for {visit}].\
             [ {instructions}] To change it, call {callback}.",
        ),
        text(
            Language::Es,
            Form::Full,
            "Tiene una cita con {sender} el {start}[ en {site}][ con {clinician}][ para {visit}].\
             [ {instructions}] Para cambiarla, llame al {callback}.",
        ),
    ],
};

/// P3: a test result.
pub(super) const TEST_RESULT: Template = Template {
    name: "test_result",
    version: 1,
    purposes: &[Purpose::TestResult],
    level: Level::L3,
    slots: &[
        Slot { name: "test", kind: SlotKind::Line(80), class: DataClass::Diagnostic, required: true },
        Slot { name: "value", kind: SlotKind::Line(80), class: DataClass::Diagnostic, required: true },
        Slot { name: "note", kind: SlotKind::Prose(1000), class: DataClass::Diagnostic, required: false },
    ],
    texts: &[
        text(
            Language::En,
            Form::Full,
            "Your result for {test}: {value}.[ {note}] If you have questions, call {callback}.",
        ),
        text(
            Language::Es,
            Form::Full,
            "Su resultado de {test}: {value}.[ {note}] Si tiene preguntas, llame al {callback}.",
        ),
        portal(
            Language::En,
            "Your test result",
            "Your result for {test}: {value}.[\n\n{note}]\n\nIf you have questions, call {callback}.",
        ),
        portal(
            Language::Es,
            "Su resultado",
            "Su resultado de {test}: {value}.[\n\n{note}]\n\nSi tiene preguntas, llame al {callback}.",
        ),
    ],
};

/// P6: a statement.
pub(super) const BILLING_STATEMENT: Template = Template {
    name: "billing_statement",
    version: 1,
    purposes: &[Purpose::Billing],
    level: Level::L2,
    slots: &[
        Slot { name: "amount", kind: SlotKind::Amount, class: DataClass::General, required: true },
        Slot { name: "due", kind: SlotKind::Date, class: DataClass::General, required: false },
    ],
    texts: &[
        // RULES section 2, code M: "a statement is available" is one of the closed phrases.
        text(Language::En, Form::Minimal, "{sender}: a statement is available. Call {callback}. Reply STOP to opt out"),
        text(
            Language::Es,
            Form::Minimal,
            "{sender}: hay un estado de cuenta disponible. Llame al {callback}. Responda STOP para darse de baja",
        ),
        email(
            Language::En,
            Form::Minimal,
            "A message from {sender}",
            "{sender}: a statement is available.\n\nCall {callback}.\n",
        ),
        email(
            Language::Es,
            Form::Minimal,
            "Un mensaje de {sender}",
            "{sender}: hay un estado de cuenta disponible.\n\nLlame al {callback}.\n",
        ),
        text(
            Language::En,
            Form::Full,
            "Your balance with {sender} is {amount}[, due {due}]. Questions? Call {callback}.",
        ),
        text(
            Language::Es,
            Form::Full,
            "Su saldo con {sender} es {amount}[, vence el {due}]. Si tiene preguntas, llame al {callback}.",
        ),
        portal(
            Language::En,
            "Your statement",
            "Your balance with {sender} is {amount}[, due {due}].\n\nQuestions? Call {callback}.",
        ),
        portal(
            Language::Es,
            "Su estado de cuenta",
            "Su saldo con {sender} es {amount}[, vence el {due}].\n\nSi tiene preguntas, llame al {callback}.",
        ),
    ],
};

/// P11: a one-time code (RULES OTP-01).
pub(super) const ONE_TIME_CODE: Template = Template {
    name: "one_time_code",
    version: 1,
    purposes: &[Purpose::OneTimeCode],
    level: Level::L0,
    slots: &[Slot { name: "code", kind: SlotKind::Code, class: DataClass::Code, required: true }],
    texts: &[
        text(
            Language::En,
            Form::Full,
            "{sender}: {code} is your one-time code. It expires in 5 minutes. Do not share it with anyone.",
        ),
        text(
            Language::Es,
            Form::Full,
            "{sender}: {code} es su clave de un solo uso. Vence en 5 minutos. No la comparta con nadie.",
        ),
        email(
            Language::En,
            Form::Full,
            "Your code from {sender}",
            "{code} is your one-time code. It expires in 5 minutes. Do not share it with anyone.\n",
        ),
        email(
            Language::Es,
            Form::Full,
            "Su clave de {sender}",
            "{code} es su clave de un solo uso. Vence en 5 minutos. No la comparta con nadie.\n",
        ),
    ],
};
