use super::*;

/// GSM 03.38 basic alphabet, as far as the built-in texts may use it.
fn is_gsm7(c: char) -> bool {
    c.is_ascii_alphanumeric() || " @$!\"#%&'()*+,-./:;<=>?_\n¿¡éñüöäàùìòÉÑÜ".contains(c)
}

fn worst(template: Option<&Template>, text: &Text) -> String {
    pattern::fill(text.body, &|name| {
        Some(match name {
            "sender" => "W".repeat(30),
            "callback" => "+15555550100".into(),
            "link" => format!("https://portal.sunrise.example/m/{}", "w".repeat(16)),
            slot => {
                let slot = template.and_then(|t| t.slot(slot))?;
                match slot.kind {
                    SlotKind::DateTime => slot.read("2026-12-30T12:30").ok()?.show(text.language),
                    SlotKind::Date => slot.read("2026-12-30").ok()?.show(text.language),
                    SlotKind::Line(most) | SlotKind::Prose(most) => "m".repeat(most),
                    SlotKind::Code => "0123456789".into(),
                    SlotKind::Amount => "$1234567.00".into(),
                }
            }
        })
    })
    .unwrap()
}

#[test]
fn every_built_in_template_keeps_to_its_forms_ceiling_in_both_languages() {
    for template in ALL {
        assert_eq!(template.check(), Ok(()), "{}", template.name);
    }
}

#[test]
fn worst_case_text_messages_fit_160_characters_of_gsm7() {
    let texts = ALL.iter().flat_map(|t| t.texts.iter().map(move |text| (Some(t), text)));
    for (template, text) in texts.chain(EVERYWHERE.iter().map(|text| (None, text))) {
        let short = text.form < Form::Full || template.is_some_and(|t| t.level == Level::L0);
        if text.channel.is_some() || !short || text.form == Form::Callback {
            continue;
        }
        let worst = worst(template, text);
        let name = template.map_or("everywhere", |t| t.name);
        assert!(worst.chars().count() <= 160, "{name} {} {}: {}", text.form, text.language, worst.chars().count());
        assert!(worst.chars().all(is_gsm7), "{name} {} {}: {worst}", text.form, text.language);
    }
}

#[test]
fn a_diagnostic_slot_in_a_minimal_text_is_refused_when_the_template_is_checked() {
    const BAD: Template = Template {
        name: "bad",
        version: 1,
        purposes: &[Purpose::TestResult],
        level: Level::L3,
        slots: &[Slot { name: "value", kind: SlotKind::Line(20), class: DataClass::Diagnostic, required: true }],
        texts: &[Text {
            language: Language::En,
            form: Form::Minimal,
            channel: None,
            subject: None,
            body: "{sender}: {value}",
        }],
    };
    assert_eq!(
        BAD.check(),
        Err(TemplateDefect::AboveForm { form: Form::Minimal, slot: "value", class: Level::L3, ceiling: Level::L1 })
    );
}

#[test]
fn a_slot_in_a_subject_is_refused_when_the_template_is_checked() {
    const BAD: Template = Template {
        name: "bad",
        version: 1,
        purposes: &[Purpose::AppointmentReminder],
        level: Level::L1,
        slots: &[Slot { name: "start", kind: SlotKind::DateTime, class: DataClass::Logistics, required: true }],
        texts: &[Text {
            language: Language::En,
            form: Form::Minimal,
            channel: Some(Channel::Email),
            subject: Some("Your visit on {start}"),
            body: "{start}",
        }],
    };
    assert_eq!(BAD.check(), Err(TemplateDefect::SlotInSubject("start")));
}

fn data(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn an_undeclared_a_missing_and_an_oversize_value_are_each_refused_by_name() {
    let template = find("appointment_reminder").unwrap();
    let error = |pairs: &[(&str, &str)]| template.read(&data(pairs)).unwrap_err();
    let (field, why) = error(&[("start", "2026-12-04T14:00"), ("diagnosis", "flu")]);
    assert_eq!(field, "diagnosis");
    assert!(why.to_string().starts_with("the template has no such slot; it has: start, site"));
    assert_eq!(error(&[("site", "Main St")]), ("start".into(), SlotError::Missing));
    assert_eq!(
        error(&[("start", "2026-12-04T14:00"), ("site", &"x".repeat(41))]),
        ("site".into(), SlotError::TooLong(40))
    );
    assert!(matches!(error(&[("start", "tomorrow")]).1, SlotError::Expected(_)));
    assert!(matches!(error(&[("start", "2026-12-04T14:00"), ("site", "a\nb")]).1, SlotError::Expected(_)));
}

#[test]
fn dates_read_as_people_write_them_in_each_language() {
    let slot = find("appointment_reminder").unwrap().slot("start").unwrap();
    let at = slot.read("2026-12-04T14:00").unwrap();
    assert_eq!(at.show(Language::En), "Fri Dec 4, 2:00 PM");
    assert_eq!(at.show(Language::Es), "4 dic, 14:00");
    let midnight = slot.read("2026-12-04T00:05").unwrap();
    assert_eq!(midnight.show(Language::En), "Fri Dec 4, 12:05 AM");
}

#[test]
fn an_optional_part_stands_only_with_its_value() {
    let some = |name: &str| (name == "site").then(|| "Main St".to_owned());
    assert_eq!(pattern::fill("x[ at {site}][ with {who}]", &some).as_deref(), Some("x at Main St"));
    assert_eq!(pattern::fill("x {who}", &some), None);
}
