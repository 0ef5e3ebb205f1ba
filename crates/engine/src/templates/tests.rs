use super::*;
use postern_base::Level;
use postern_gate::Policy;
use postern_gate::policy::{LoweredCell, Overrides};

/// A template file with one slot and the texts given.
fn file(purpose: &str, class: &str, texts: &str) -> String {
    format!(
        "name = \"own\"\nabout = \"x\"\npurposes = [\"{purpose}\"]\n[[slot]]\nname = \"x\"\nclass = \"{class}\"\nrequired = true\n{texts}"
    )
}

fn text(form: &str, channels: &str, body: &str) -> String {
    format!("[[text]]\nlanguage = \"en\"\nform = \"{form}\"\nchannels = [{channels}]\nbody = \"{body}\"\n")
}

const FULL: &str = "[[text]]\nlanguage = \"en\"\nform = \"full\"\nbody = \"From {sender}: {x}. Call {callback}.\"\n";

fn problems(source: &str) -> Vec<Problem> {
    check(&Template::parse(source, 1).unwrap(), &Policy::default())
}

fn defects(source: &str) -> Vec<Defect> {
    problems(source).into_iter().map(|problem| problem.defect).collect()
}

#[test]
fn a_diagnostic_slot_in_a_minimal_text_is_refused_with_form_slot_level_ceiling_and_citation() {
    let minimal = text("minimal", "", "{sender}: {x}. Call {callback}. Reply STOP to opt out");
    let found = problems(&file("medication", "drug", &format!("{FULL}{minimal}")));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        found[0].to_string(),
        "text 2 (en minimal any channel): the minimal form uses the slot `x`, which may carry L4; that form carries at most L1 (45 CFR 164.530(c))"
    );
    let json = serde_json::to_value(&found[0]).unwrap();
    assert_eq!((&json["form"], &json["slot"], &json["level"]), (&"minimal".into(), &"x".into(), &"L4".into()));
    assert_eq!((&json["ceiling"], &json["citation"]), (&"L1".into(), &"45 CFR 164.530(c)".into()));
}

#[test]
fn every_class_above_a_forms_ceiling_is_refused_in_that_form_and_every_other_is_taken() {
    for class in DataClass::ALL {
        for (form, most) in [("minimal", Level::L1), ("notice", Level::L0), ("callback", Level::L0)] {
            let small = text(form, "", "{sender}: x {x}. Call {callback}. Reply STOP to opt out");
            let found = defects(&file("appointment_reminder", class.as_str(), &format!("{FULL}{small}")));
            let above = found.iter().any(|d| matches!(d, Defect::AboveForm { .. }));
            assert_eq!(above, class.worst() > most, "{} {form}: {found:?}", class.as_str());
        }
    }
}

#[test]
fn words_that_tell_care_in_a_minimal_text_or_an_open_subject_are_refused() {
    let minimal = text("minimal", "", "{sender}: your chemotherapy is at {x}. Call {callback}. Reply STOP to opt out");
    let found = defects(&file("appointment_reminder", "date_time", &format!("{FULL}{minimal}")));
    assert!(matches!(found[..], [Defect::WordsAboveForm { form: Form::Minimal, .. }]), "{found:?}");
    let email = "[[text]]\nlanguage = \"en\"\nform = \"minimal\"\nchannels = [\"email\"]\nsubject = \"Your HIV test\"\nbody = \"{x}\"\n";
    let found = defects(&file("appointment_reminder", "date_time", &format!("{FULL}{email}")));
    assert!(matches!(found[..], [Defect::SubjectTells(_)]), "{found:?}");
}

#[test]
fn what_may_not_be_saved_may_not_travel_by_its_preview_either() {
    let minimal = |words: &str| {
        text("minimal", "", &format!("{{sender}}: {words} {{x}}. Call {{callback}}. Reply STOP to opt out"))
    };
    let previewed = |words: &str| {
        let source = file("appointment_reminder", "date_time", &format!("{FULL}{}", minimal(words)));
        preview(&Template::parse(&source, 1).unwrap(), &Policy::default())
    };
    let good = previewed("your visit is");
    assert!(good.problems.is_empty() && good.texts.iter().all(|text| !text.reach.is_empty()), "{good:?}");
    let bad = previewed("your chemotherapy is");
    assert!(matches!(bad.problems[..], [Problem { defect: Defect::WordsAboveForm { .. }, .. }]), "{bad:?}");
    assert!(bad.texts.iter().all(|text| text.reach.is_empty()), "{bad:?}");
}

#[test]
fn a_confirmation_that_sells_is_not_saved() {
    let source = |words: &str| {
        format!(
            "name = \"out\"\nabout = \"x\"\npurposes = [\"consent_confirmation\"]\n[[text]]\nlanguage = \"en\"\nform = \"full\"\nbody = \"{{sender}}: you are opted out. {words} {{callback}}\"\n"
        )
    };
    assert_eq!(defects(&source("Call")), []);
    assert_eq!(defects(&source("Come back for our special offer!")), [Defect::OtherBusiness]);
}

#[test]
fn a_template_of_care_that_sells_is_not_saved() {
    let source = |words: &str| file("recall", "date_time", &FULL.replace("{x}", &format!("{words} {{x}}")));
    assert_eq!(defects(&source("it is time for your check-up,")), []);
    assert_eq!(defects(&source("refer a friend and earn $50,")), [Defect::Sells]);
}

#[test]
fn a_subject_that_names_a_slot_is_refused() {
    let email = "[[text]]\nlanguage = \"en\"\nform = \"minimal\"\nchannels = [\"email\"]\nsubject = \"Your visit on {x}\"\nbody = \"{x}\"\n";
    let found = defects(&file("appointment_reminder", "date_time", &format!("{FULL}{email}")));
    assert_eq!(found, [Defect::SlotInSubject("x".into())]);
}

#[test]
fn a_text_for_a_channel_that_takes_it_at_no_level_is_refused_with_what_is_taken_there() {
    let sms = text("full", "\\\"sms\\\"", "{sender}: {x}. Call {callback}. Reply STOP to opt out").replace('\\', "");
    let found = problems(&file("test_result", "result", &format!("{FULL}{sms}")));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].to_string().contains("for test_result on sms nowhere: at most notice is taken there"),
        "{}",
        found[0]
    );
    let minimal = text("minimal", "\"sms\"", "{sender}: {x}. Call {callback}. Reply STOP to opt out");
    let found = defects(&file("test_result", "date", &format!("{FULL}{minimal}")));
    assert!(matches!(found[..], [Defect::NeverTravels { form: Form::Minimal, .. }]), "{found:?}");
}

#[test]
fn a_policy_that_lowers_a_cell_also_lowers_what_may_be_saved() {
    let minimal = text("minimal", "\"sms\"", "{sender}: {x}. Call {callback}. Reply STOP to opt out");
    let template = Template::parse(&file("appointment_reminder", "date_time", &format!("{FULL}{minimal}")), 1).unwrap();
    assert_eq!(check(&template, &Policy::default()), []);
    let cells = [Level::L0, Level::L1].map(|level| LoweredCell {
        purpose: Purpose::AppointmentReminder,
        level,
        channel: Channel::Sms,
        highest: Some(Form::Notice),
    });
    let policy = Policy::tighten(Overrides { cells: cells.to_vec(), ..Overrides::default() });
    assert!(matches!(check(&template, &policy)[..], [Problem { defect: Defect::NeverTravels { .. }, .. }]));
}

#[test]
fn what_a_text_does_not_declare_or_close_or_show_is_refused() {
    let with = |body: &str| {
        defects(&file(
            "appointment_reminder",
            "date_time",
            &format!(
                "{FULL}{}",
                text("minimal", "\"email\"", body).replace("body", "subject = \"A message from {sender}\"\nbody")
            ),
        ))
    };
    assert_eq!(with("{x} {diagnosis}"), [Defect::UndeclaredName("diagnosis".into())]);
    assert_eq!(with("{x} [if"), [Defect::Brackets]);
    assert_eq!(with("{x} [no name]"), [Defect::Brackets]);
    assert_eq!(with("{x} }"), [Defect::Brackets]);
    assert_eq!(with("{x} a\\u202eb"), [Defect::Unseen]);
    assert_eq!(with("{x} a\\u200bb"), [Defect::Unseen]);
    assert_eq!(with("{x} see bit.ly/abc"), [Defect::ForeignLink]);
    assert_eq!(with("{x}"), []);
}

#[test]
fn texts_say_who_speaks_where_to_call_and_how_to_stop_and_scripts_say_it_first() {
    let sms = |body: &str| {
        defects(&file("appointment_reminder", "date_time", &format!("{FULL}{}", text("minimal", "", body))))
    };
    assert_eq!(sms("{sender}: {x}. Call {callback}"), [Defect::NoOptOut]);
    assert_eq!(sms("{x}. Call {callback}. Reply STOP to opt out"), [Defect::NotNamed("sender")]);
    assert_eq!(sms("{sender}: {x}. Reply STOP to opt out"), [Defect::NotNamed("callback")]);
    let voice = text("full", "\"voice\"", "Your visit is on {x}. This is {sender}. Call {callback}.");
    let found = defects(&file("appointment_reminder", "date_time", &format!("{FULL}{voice}")));
    assert_eq!(found, [Defect::SenderNotFirst]);
}

#[test]
fn a_one_time_code_with_a_link_is_refused() {
    let code = text("full", "", "{sender}: {x} is your code. Sign in at {link}.");
    assert_eq!(defects(&file("one_time_code", "code", &code)), [Defect::LinkWithCode]);
}

#[test]
fn a_breach_notice_without_its_elements_and_commercial_e_mail_without_its_own_are_refused_by_name() {
    let found = defects(&file("breach_notice", "statement", FULL));
    let named: Vec<&str> = found
        .iter()
        .filter_map(|d| if let Defect::BreachElement { slot, .. } = d { Some(*slot) } else { None })
        .collect();
    assert_eq!(named, ["happened", "occurred", "discovered", "data", "steps", "actions"]);
    assert!(found.contains(&Defect::NotNamed("address")));
    let email = "[[text]]\nlanguage = \"en\"\nform = \"minimal\"\nchannels = [\"email\"]\nsubject = \"A message from {sender}\"\nbody = \"{x}\"\n";
    let portal = "[[text]]\nlanguage = \"en\"\nform = \"minimal\"\nchannels = [\"portal\"]\nsubject = \"News\"\nbody = \"{x}\"\n";
    let found = defects(&file("marketing", "public_news", &format!("{portal}{email}")));
    assert_eq!(found, [Defect::NotCanSpam("address"), Defect::NotCanSpam("unsubscribe")]);
}

#[test]
fn a_language_with_a_text_or_slot_less_than_the_other_is_refused_and_a_missing_one_is_advised() {
    let spanish = "[[text]]\nlanguage = \"es\"\nform = \"full\"\nbody = \"De {sender}. Llame al {callback}.\"\n";
    let found = defects(&file("follow_up", "instructions", &format!("{FULL}{spanish}")));
    assert_eq!(found, [Defect::SlotNotIn { slot: "x".into(), language: Language::Es }]);
    let email = "[[text]]\nlanguage = \"es\"\nform = \"full\"\nchannels = [\"email\"]\nsubject = \"Un mensaje de {sender}\"\nbody = \"{x}\"\n";
    let found = defects(&file("follow_up", "instructions", &format!("{FULL}{email}")));
    assert!(
        found.contains(&Defect::LacksLanguage(Language::Es)) && found.contains(&Defect::LacksLanguage(Language::En))
    );
    let alone = Template::parse(&file("follow_up", "instructions", FULL), 1).unwrap();
    assert_eq!(check(&alone, &Policy::default()), []);
    assert!(advise(&alone)[0].contains("`es`"));
}

/// RULES SYS-09: two people answer for a template; they are shown the words that no list of ours was asked about.
#[test]
fn whoever_approves_is_shown_the_words_of_an_open_text_that_no_text_of_ours_has() {
    let minimal = "[[text]]\nlanguage = \"en\"\nform = \"minimal\"\nbody = \"{sender}: bring your zorble[ gribble] report {x}. Call {callback}. Reply STOP to opt out\"\n";
    let template = Template::parse(&file("appointment_reminder", "date_time", &format!("{FULL}{minimal}")), 1).unwrap();
    let advice = advise(&template);
    assert!(advice.iter().any(|one| one.contains("zorble, gribble, report") && one.contains("minimal")), "{advice:?}");
    let previewed = preview(&template, &Policy::default());
    let new: Vec<_> = previewed.texts.iter().map(|text| (text.form, text.new_words.join(" "))).collect();
    assert!(new.iter().all(|(form, words)| words.contains("zorble") == (*form == Form::Minimal)), "{new:?}");
    for built in ALL.iter() {
        let shown = preview(&built.template, &Policy::default());
        assert!(shown.texts.iter().all(|text| text.new_words.is_empty()), "{}", built.template.name);
    }
}

#[test]
fn an_override_serves_everybody_who_uses_the_built_in_template() {
    let own = |slots: &str, purpose: &str| {
        let source = format!(
            "name = \"help\"\nabout = \"x\"\npurposes = [\"{purpose}\"]\n{slots}[[text]]\nlanguage = \"en\"\nform = \"full\"\nbody = \"{{sender}} {{callback}}[ {{x}}]\"\n"
        );
        let problems = check_override(&Template::parse(&source, 1).unwrap());
        problems.into_iter().map(|problem| problem.defect).collect::<Vec<_>>()
    };
    assert_eq!(own("", "consent_confirmation"), []);
    assert_eq!(own("", "recall"), [Defect::LacksPurpose(Purpose::ConsentConfirmation)]);
    let slot = |required| format!("[[slot]]\nname = \"x\"\nclass = \"date\"\nrequired = {required}\n");
    assert_eq!(own(&slot(true), "consent_confirmation"), [Defect::AsksMore]);
    assert_eq!(own(&slot(false), "consent_confirmation"), []);
}

#[test]
fn a_file_that_is_not_understood_is_refused_with_its_key_or_line() {
    let said = |source: &str| Template::parse(source, 1).unwrap_err().to_string();
    assert!(said("name = ").contains("line 1"), "{}", said("name = "));
    assert!(said(&file("recall", "feeling", FULL)).contains("slot[0].class"));
    assert!(said(&file("recall", "date", &format!("{FULL}colour = 1\n"))).contains("text[0]"));
    assert!(said("name = \"Not A Name\"\nabout = \"\"\npurposes = []\ntext = []\n").contains("name"));
    assert!(said(&"#".repeat(70_000)).contains("65536"));
}

fn data(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn an_undeclared_a_missing_and_an_oversize_value_are_each_refused_by_name() {
    let template = Library::builtin().find("appointment_reminder").unwrap();
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
}

#[test]
fn no_value_brings_in_a_line_break_a_direction_an_unseen_character_or_a_link() {
    let template = Library::builtin().find("appointment_reminder").unwrap();
    let site = template.slot("site").unwrap();
    for bad in [
        "a\nb",
        "a\rBcc: x@example.org",
        "a\u{202e}b",
        "a\u{2066}b",
        "a\u{200b}b",
        "a\u{2028}b",
        "a\u{7}b",
        "a\u{feff}b",
        "see www.example.org",
        "https://example.org",
    ] {
        assert!(matches!(site.read(bad), Err(SlotError::Expected(_))), "{bad:?}");
    }
    let instructions = template.slot("instructions").unwrap();
    assert!(instructions.read("first line\nsecond line").is_ok());
    assert!(instructions.read("first\r\nsecond").is_err() && instructions.read("a\u{202e}b").is_err());
    assert!(site.read("12 Main St., Ste. 4, St. Mary's").is_ok());
}

#[test]
fn each_shape_takes_what_it_says_and_nothing_else() {
    let slot = |class: DataClass| Slot { name: "x".into(), class, chars_max: class.chars_max(), required: true };
    let reads = |class, text: &str| slot(class).read(text).is_ok();
    assert!(
        reads(DataClass::Phone, "+1 (555) 555-0100")
            && !reads(DataClass::Phone, "call me")
            && !reads(DataClass::Phone, "911")
    );
    assert!(reads(DataClass::Link, "https://a.example/p") && !reads(DataClass::Link, "http://a.example/p"));
    assert!(!reads(DataClass::Link, "https://user@a.example/") && !reads(DataClass::Link, "javascript:alert(1)"));
    assert!(reads(DataClass::Time, "14:00") && !reads(DataClass::Time, "25:00"));
    assert!(reads(DataClass::Amount, "120.00") && !reads(DataClass::Amount, "-1") && !reads(DataClass::Amount, "1.5"));
    assert!(reads(DataClass::Code, "123456") && !reads(DataClass::Code, "12345a"));
}

#[test]
fn dates_read_as_people_write_them_in_each_language() {
    let slot = Library::builtin().find("appointment_reminder").unwrap().slot("start").unwrap();
    let at = slot.read("2026-12-04T14:00").unwrap();
    assert_eq!(at.show(Language::En), "Fri Dec 4, 2:00 PM");
    assert_eq!(at.show(Language::Es), "4 de dic, 2:00 PM");
    let midnight = slot.read("2026-12-04T00:05").unwrap();
    assert_eq!(midnight.show(Language::En), "Fri Dec 4, 12:05 AM");
    assert_eq!(midnight.show(Language::Es), "4 de dic, 12:05 AM");
}

#[test]
fn an_optional_part_stands_only_with_its_value() {
    let some = |name: &str| (name == "site").then(|| "Main St".to_owned());
    assert_eq!(pattern::fill("x[ at {site}][ with {who}]", &some).as_deref(), Some("x at Main St"));
    assert_eq!(pattern::fill("x {who}", &some), None);
}
