use super::*;

fn read(text: &str) -> Findings {
    scan(text, &Context { callback: Some("+15555550100"), ..Context::default() }).unwrap()
}

fn kinds(text: &str) -> Vec<&'static str> {
    read(text).spans.iter().map(|span| span.kind.as_str()).collect()
}

#[test]
fn logistics_carry_no_more_than_l1() {
    for text in [
        "Sunrise Health: appt 12/04 2:00 PM, call 555-555-0100. Reply STOP to opt out",
        "Hi Alma, see you Tuesday at 9:30 am at Sunrise Health. Please confirm your visit.",
        "Sunrise Health: su cita es el 4 de diciembre a las 14:00. Llame al 555-555-0100. Responda STOP para no recibir mas.",
        "Dr. Rivera's office moved your visit to Friday 3 pm. Questions? Call (555) 555-0100",
    ] {
        let found = read(text);
        assert_eq!((found.level, found.phi), (Level::L1, false), "{text}: {:?}", found.spans);
    }
}

#[test]
fn the_existence_of_a_message_is_l0() {
    for text in [
        "You have a new secure message from Sunrise Health. Sign in at the portal you already use or call 555-555-0100.",
        "Your code is 482913. Do not share it.",
        "Tiene un mensaje nuevo de Sunrise Health. Entre al portal o llame al 555-555-0100.",
    ] {
        assert_eq!(read(text).level, Level::L0, "{text}: {:?}", read(text).spans);
    }
}

#[test]
fn identifiers_are_found_whatever_separates_their_digits() {
    for (text, kind) in [
        ("SSN 219-09-9999 on file", "ssn"),
        ("last four of your SSN: 9999", "ssn"),
        ("su seguro social 219 09 9999", "ssn"),
        ("DOB: 10/12/1978", "dob"),
        ("fecha de nacimiento 12 de octubre de 1978", "dob"),
        ("MRN 00482913", "mrn"),
        ("Account # AC-4829131", "account"),
        ("member ID XYZ123456789", "plan_id"),
        ("Medicare 1EG4-TE5-MK73", "plan_id"),
        ("write to alma.beech@example.org", "email"),
        ("from 192.0.2.17", "ip"),
        ("we have 212-555-0199 as yours", "phone"),
        ("mail goes to 41 Old Mill Road", "address"),
        ("see https://x.example/results?patient=4711", "url"),
        ("patient John Smith", "name"),
        ("a 94 year old", "age"),
    ] {
        assert!(kinds(text).contains(&kind), "{text}: {:?}", kinds(text));
        assert!(read(text).phi, "{text}");
    }
}

#[test]
fn codes_need_their_shape_or_their_cue() {
    for text in ["F32.1 noted", "dx: E11", "LOINC 4548-4", "CPT 45378", "NDC 0002-8215-01"] {
        assert_eq!(read(text).level, Level::L3, "{text}");
    }
    for text in ["Suite B12, 2nd floor", "Bring form A10", "Room 4548"] {
        assert!(read(text).level <= Level::L1, "{text}: {:?}", read(text).spans);
    }
}

#[test]
fn clinical_words_are_l3_in_both_languages() {
    for (text, kind) in [
        ("Your HbA1c came back at 8.2 %", "lab"),
        ("Time to refill your metformin", "medication"),
        ("Your colonoscopy is on Friday", "procedure"),
        ("See you at the cardiology desk", "specialty"),
        ("Su colonoscopia es el viernes", "procedure"),
        ("Tome su insulina", "medication"),
        ("potassium 5.9 mmol/L", "lab"),
    ] {
        assert_eq!(read(text).level, Level::L3, "{text}");
        assert!(kinds(text).contains(&kind), "{text}: {:?}", kinds(text));
    }
}

#[test]
fn protected_words_are_l4_with_their_category() {
    for (text, category) in [
        ("Your HIV test", Category::Hiv),
        ("psychiatry visit on Monday", Category::MentalHealth),
        ("suboxone refill", Category::SubstanceUse),
        ("prenatal visit", Category::Reproductive),
        ("su prueba de VIH", Category::Hiv),
        ("BRCA1 results", Category::Genetic),
    ] {
        let found = read(text);
        assert_eq!((found.level, found.categories.as_slice()), (Level::L4, [category].as_slice()), "{text}");
    }
}

#[test]
fn disguised_words_are_found_where_they_stand() {
    let found = read("take l\u{200b}ithium");
    assert_eq!(found.spans.first().map(|span| (span.start, span.end)), Some((5, 13)));
    assert_eq!(read("Hb\u{200b}A1c 8,2").level, Level::L3);
    assert_eq!(read("ＬＩＴＨＩＵＭ").level, Level::L4);
    assert_eq!(read("SSN ２１９-０９-９９９９").level, Level::L2);
}

#[test]
fn closed_phrases_are_exempt_by_their_exact_words_only() {
    assert!(read("Sunrise Health: your prescription is ready.").level <= Level::L1);
    assert!(!read("Su receta está lista.").phi);
    assert_eq!(read("your metformin prescription is ready").level, Level::L3);
    assert_eq!(read("your prescription for pain is ready").level, Level::L2);
}

#[test]
fn care_and_money_without_a_clinical_word_are_l2() {
    for text in ["Your test results are ready", "You owe $45.20", "balance due", "Sus resultados están listos"] {
        assert_eq!(read(text).level, Level::L2, "{text}: {:?}", read(text).spans);
    }
}

#[test]
fn the_recipients_own_record_is_the_strongest_signal() {
    let record = [(Kind::Name, "Alma Beech"), (Kind::Mrn, "A-77")];
    let context = Context { recipient: &record, ..Context::default() };
    let found = scan("Dear alma  beech / Álma Beech", &context).unwrap();
    assert_eq!(found.spans.iter().filter(|span| span.kind == Kind::Name).count(), 1);
    assert!(found.phi);
}

#[test]
fn a_text_that_is_too_long_is_refused_not_cut() {
    assert_eq!(scan(&"a".repeat(MAX_CODE_POINTS + 1), &Context::default()), Err(ClassifierError::TooLong));
}

#[test]
fn spans_lie_inside_the_text_and_do_not_overlap_whatever_the_text() {
    for text in
        ["", "\u{200b}", "漢字 HIV 漢字 SSN 219-09-9999 metformin metformin", "ßßß A1C æ 10/12/1978", "a@b.c d@e.f"]
    {
        let found = read(text);
        let mut last = 0;
        for span in &found.spans {
            assert!(
                span.start >= last && span.start < span.end && span.end <= text.chars().count(),
                "{text}: {span:?}"
            );
            last = span.end;
        }
    }
}
