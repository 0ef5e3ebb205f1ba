//! What holds of every template that comes with Postern.

use super::check::ceiling;
use super::*;
use postern_base::Level;
use postern_channels::sms::text::Encoding;
use postern_gate::Policy;
use std::collections::BTreeSet;

fn previews() -> Vec<(&'static Template, Preview)> {
    ALL.iter().map(|built| (&built.template, preview(&built.template, &Policy::default()))).collect()
}

#[test]
fn every_built_in_file_reads_and_may_be_saved() {
    assert_eq!(ALL.len(), builtin::COUNT, "{:?}", builtin::defects());
    let names: BTreeSet<&str> = ALL.iter().map(|built| built.template.name.as_str()).collect();
    assert_eq!(names.len(), ALL.len());
    for built in ALL.iter() {
        let problems = check(&built.template, &Policy::default());
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "{}: {problems:#?}", built.template.name);
        assert!(check_override(&built.template).is_empty());
    }
}

#[test]
fn there_is_a_template_for_every_purpose_in_both_languages() {
    for purpose in Purpose::ALL {
        let found = ALL.iter().filter(|b| b.template.name != NOTICE && b.template.purposes.contains(purpose));
        assert!(found.clone().count() > 0, "{purpose}");
        for built in found {
            assert_eq!(built.template.languages(), Language::ALL, "{}", built.template.name);
        }
    }
}

#[test]
fn no_form_exceeds_its_ceiling_with_worst_case_data_by_construction_or_by_the_classifier() {
    for (template, preview) in previews() {
        for (text, seen) in template.texts.iter().zip(&preview.texts) {
            let level = seen.level.unwrap();
            assert!(level <= ceiling(text.form), "{} {}: {level}", template.name, text.label());
            let found = !seen.reach.is_empty();
            assert!(found || template.name == NOTICE, "{} {} goes nowhere", template.name, text.label());
        }
    }
}

/// Whether the text would be a text message: formalities in full, everything else below that.
fn is_text_message(seen: &Previewed) -> bool {
    seen.channel.is_none() && seen.reach.iter().any(|reach| reach.column == "sms")
}

#[test]
fn every_text_message_fits_160_characters_and_one_segment_of_gsm7_with_worst_case_data() {
    let mut messages = 0;
    for (template, preview) in previews() {
        for seen in preview.texts.iter().filter(|seen| is_text_message(seen)) {
            let what = format!("{} {} {}: {:?} {}", template.name, seen.language, seen.form, seen.length, seen.body);
            assert!(seen.length.chars <= 160 && seen.length.segments == 1, "{what}");
            assert_eq!(seen.length.encoding, Encoding::Gsm7, "{what}");
            messages += 1;
        }
    }
    assert!(messages >= 30, "{messages}");
}

#[test]
fn links_lead_to_the_practices_own_domain_and_subjects_name_nothing_but_the_sender() {
    for (template, preview) in previews() {
        for seen in &preview.texts {
            for (at, _) in seen.body.match_indices("://") {
                assert!(
                    seen.body.get(at..).unwrap().starts_with("://portal.sunrise.example/"),
                    "{}: {}",
                    template.name,
                    seen.body
                );
            }
            let open = seen.channel.is_none_or(Channel::is_open);
            if let Some(subject) = seen.subject.as_ref().filter(|_| open) {
                let neutral = [
                    "A message from",
                    "Un mensaje de",
                    "Your code from",
                    "Su clave de",
                    "A code from",
                    "Una clave de",
                    "News from",
                    "Novedades de",
                ];
                let words = subject.replace(sample::SENDER, "");
                assert!(words.is_empty() || neutral.contains(&words.trim()), "{}: {subject}", template.name);
            }
        }
    }
}

/// Groups of vowels, a silent e at the end aside: close enough to tell plain from dense.
fn syllables(word: &str, language: Language) -> usize {
    let vowels = "aeiouyáéíóúü";
    let lower = word.to_lowercase();
    let mut count = 0;
    let mut before = false;
    for c in lower.chars() {
        let vowel = vowels.contains(c) && !(language == Language::Es && c == 'y');
        // In Spanish two strong vowels are two syllables.
        count += usize::from(vowel && !before);
        before = vowel;
    }
    if language == Language::En && lower.ends_with('e') && !lower.ends_with("le") && count > 1 {
        count -= 1;
    }
    count.max(1)
}

struct Counted {
    words: f64,
    sentences: f64,
    syllables: f64,
}

fn count(template: &Template, text: &Text) -> Counted {
    // Values are the caller's words, not ours: short stand-ins.
    let stand_in = |name: &str| Some(if name == "callback" { "us".to_owned() } else { "Main".to_owned() });
    let filled = pattern::fill(&text.body, &stand_in).unwrap();
    assert!(template.texts.contains(text));
    let sentences = filled.split(['.', '?', '!', ':', '\n']).filter(|s| s.split_whitespace().count() > 1).count();
    let words: Vec<&str> = filled.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let syllables: usize = words.iter().map(|word| syllables(word, text.language)).sum();
    let of = |n: usize| f64::from(u32::try_from(n).unwrap());
    Counted { words: of(words.len()), sentences: of(sentences.max(1)), syllables: of(syllables) }
}

#[test]
fn english_reads_at_grade_eight_or_below_and_spanish_no_harder_than_everyday_prose() {
    for built in ALL.iter() {
        for text in &built.template.texts {
            let Counted { words, sentences, syllables } = count(&built.template, text);
            let what = format!("{} {}", built.template.name, text.label());
            match text.language {
                Language::En => {
                    // Flesch-Kincaid grade level.
                    let grade = 0.39 * (words / sentences) + 11.8 * (syllables / words) - 15.59;
                    assert!(grade <= 8.0, "{what}: grade {grade:.1}");
                }
                Language::Es => {
                    // Szigriszt-Pazos perspicuity on the INFLESZ scale: 55 to 65 is normal, above is easy.
                    let ease = 206.835 - 62.3 * (syllables / words) - words / sentences;
                    assert!(ease >= 55.0, "{what}: ease {ease:.1}");
                }
            }
        }
    }
}

#[test]
fn a_breach_notice_has_the_five_elements_of_164_404_c_in_both_languages() {
    let notice = Library::builtin().find("breach_notice").unwrap();
    for text in notice.texts.iter().filter(|text| text.form == Form::Full) {
        for slot in ["happened", "discovered", "data", "steps", "actions", "callback", "address"] {
            assert!(text.names().contains(&slot), "{} {slot}", text.label());
        }
    }
}

#[test]
fn commercial_e_mail_says_that_it_is_one_who_sends_it_where_they_are_and_how_to_stop() {
    let (_, seen) = previews().into_iter().find(|(t, _)| t.name == "marketing").unwrap();
    for text in seen.texts.iter().filter(|text| text.channel == Some(Channel::Email)) {
        assert!(text.body.contains("/u/") && text.body.contains(sample::POSTAL) && text.body.contains(sample::SENDER));
        assert!(text.body.contains("advertisement") || text.body.contains("anuncio"));
    }
}

#[test]
fn every_script_begins_with_who_speaks_and_gives_a_number_to_stop_the_calls() {
    for (template, preview) in previews() {
        let spoken = |seen: &&Previewed| matches!(seen.channel, Some(Channel::Voice | Channel::Voicemail));
        for seen in preview.texts.iter().filter(spoken) {
            let start: String = seen.body.chars().take(60).collect();
            assert!(start.contains(sample::SENDER), "{}: {start}", template.name);
            assert!(seen.body.contains("+15555550100") || template.name == "one_time_code", "{}", template.name);
        }
    }
}

#[test]
fn a_voicemail_carries_no_more_than_logistics_and_the_closed_phrases() {
    for (template, preview) in previews() {
        for seen in preview.texts.iter().filter(|seen| seen.channel == Some(Channel::Voicemail)) {
            assert!(seen.level.unwrap() <= Level::L1, "{}: {}", template.name, seen.body);
        }
    }
}
