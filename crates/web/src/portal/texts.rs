//! Every sentence of the portal, in every language it speaks. No page holds a sentence of its own: they are all in `texts/*.ftl`.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use postern_base::Language;
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

pub(super) const ENGLISH: &str = include_str!("../../texts/en.ftl");
pub(super) const SPANISH: &str = include_str!("../../texts/es.ftl");

static TEXTS: LazyLock<[Texts; 2]> =
    LazyLock::new(|| [Texts::read(Language::En, ENGLISH), Texts::read(Language::Es, SPANISH)]);

/// The sentences of one language.
pub(crate) struct Texts {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    /// Those of `language`.
    pub(crate) fn of(language: Language) -> &'static Self {
        let [english, spanish] = &*TEXTS;
        match language {
            Language::En => english,
            Language::Es => spanish,
        }
    }

    fn read(language: Language, source: &str) -> Self {
        let identifier: LanguageIdentifier = language.as_str().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
        // The marks that set a value apart from its sentence are for languages written in the other direction.
        bundle.set_use_isolating(false);
        // A line that cannot be read is left out, and the test that reads both files fails.
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(readable, _)| readable);
        bundle.add_resource_overriding(resource);
        Self { language, bundle }
    }

    /// The language.
    pub(crate) const fn language(&self) -> Language {
        self.language
    }

    /// The sentence called `key`.
    pub(crate) fn say(&self, key: &str) -> String {
        self.format(key, None)
    }

    /// The same, with one value in it.
    pub(crate) fn with<'a>(&'a self, key: &str, name: &'a str, value: impl Into<FluentValue<'a>>) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set(name, value);
        self.format(key, Some(&arguments))
    }

    /// The day and time of `at` in `zone`, as people write it.
    pub(crate) fn time(&self, at: Timestamp, zone: &TimeZone) -> String {
        let there = at.to_zoned(zone.clone());
        let mut arguments = self.day_of(there.date());
        let (hour, minute) = (there.hour(), there.minute());
        // As the texts that lead here write it, in both languages: people of the United States count to twelve.
        let half = match (self.language, hour < 12) {
            (Language::En, true) => "am",
            (Language::En, false) => "pm",
            (Language::Es, true) => "AM",
            (Language::Es, false) => "PM",
        };
        let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        // The half of the day stays on the line of its hour.
        arguments.set("clock", format!("{twelve}:{minute:02}\u{a0}{half}"));
        self.format("time-full", Some(&arguments))
    }

    /// The day of `at` in `zone`.
    pub(crate) fn day(&self, at: Timestamp, zone: &TimeZone) -> String {
        let arguments = self.day_of(at.to_zoned(zone.clone()).date());
        self.format("time-day", Some(&arguments))
    }

    /// A date.
    pub(crate) fn date(&self, date: jiff::civil::Date) -> String {
        self.format("time-day", Some(&self.day_of(date)))
    }

    fn day_of(&self, date: jiff::civil::Date) -> FluentArgs<'static> {
        let mut arguments = FluentArgs::new();
        arguments.set("day", i64::from(date.day()));
        arguments.set("month", self.say(&format!("month-{}", date.month())));
        arguments.set("year", date.year().to_string());
        arguments
    }

    fn format(&self, key: &str, arguments: Option<&FluentArgs<'_>>) -> String {
        let pattern = self.bundle.get_message(key).and_then(|message| message.value());
        let Some(pattern) = pattern else {
            tracing::error!(key, language = self.language.as_str(), "a sentence is missing");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        self.bundle.format_pattern(pattern, arguments, &mut errors).into_owned()
    }
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Texts({})", self.language.as_str())
    }
}

/// The language that a browser asks for first among those there are (RFC 9110 section 12.5.4).
pub(crate) fn preferred(accept_language: &str) -> Option<Language> {
    let mut best: Option<(Language, u32)> = None;
    for part in accept_language.split(',') {
        let mut pieces = part.split(';').map(str::trim);
        let tag = pieces.next().unwrap_or_default();
        let weight = pieces.find_map(|piece| piece.strip_prefix("q=")).map_or(1000, thousandths);
        let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let Ok(language) = primary.parse::<Language>() else { continue };
        if weight > 0 && best.is_none_or(|(_, other)| weight > other) {
            best = Some((language, weight));
        }
    }
    best.map(|(language, _)| language)
}

/// A weight such as `0.8` in thousandths; one that cannot be read weighs nothing.
fn thousandths(text: &str) -> u32 {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = rest.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u32>(), digits.parse::<u32>()) {
        (Ok(whole), Ok(part)) => whole.saturating_mul(1000).saturating_add(part).min(1000),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    /// Each sentence by its key, with the values it needs.
    fn sentences(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut key = String::new();
        for line in source.lines() {
            if let Some((name, _)) = line.split_once('=')
                && line.starts_with(|c: char| c.is_ascii_lowercase())
            {
                name.trim().clone_into(&mut key);
                assert!(all.insert(key.clone(), BTreeSet::new()).is_none(), "twice: {key}");
            }
            for value in line.split("{ $").skip(1) {
                let name: String = value.chars().take_while(|c| c.is_ascii_lowercase()).collect();
                all.get_mut(&key).unwrap().insert(name);
            }
        }
        all
    }

    #[test]
    fn both_languages_say_the_same_things_with_the_same_values() {
        assert_eq!(sentences(ENGLISH), sentences(SPANISH));
        assert!(FluentResource::try_new(ENGLISH.into()).is_ok() && FluentResource::try_new(SPANISH.into()).is_ok());
    }

    fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| path.to_string_lossy().ends_with(ending))
            .map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap()))
            .collect()
    }

    /// What of a template is neither markup nor drawn from elsewhere.
    fn literal(template: &str) -> String {
        let mut left = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['<', '{']) {
            let (before, from) = rest.split_at(at);
            left.push_str(before);
            let end = if from.starts_with('<') {
                ">"
            } else if from.starts_with("{{") {
                "}}"
            } else {
                "%}"
            };
            rest = from.split_once(end).map_or("", |(_, after)| after);
        }
        left + rest
    }

    #[test]
    fn no_page_holds_a_sentence_of_its_own() {
        let templates = files("templates/portal", ".html");
        assert!(templates.len() > 5);
        for (name, text) in templates {
            let left = literal(&text);
            assert!(!left.contains(char::is_alphabetic), "{name}: {}", left.trim());
            for attribute in ["aria-label=\"", "title=\"", "placeholder=\"", "alt=\""] {
                for value in text.split(attribute).skip(1) {
                    assert!(value.starts_with("{{") || value.starts_with('"'), "{name}: {attribute}");
                }
            }
        }
        assert_eq!(literal("<p a=\"b\">{{ c }} {% if d %}e{% endif %}</p>").trim(), "e", "the test can fail");
    }

    #[test]
    fn every_sentence_that_is_asked_for_is_there() {
        let known = sentences(ENGLISH);
        let mut asked = 0;
        let code = files("src/portal", ".rs").into_iter().chain(files("templates/portal", ".html"));
        for (name, text) in code {
            for call in [".say(\"", ".with(\""] {
                for rest in text.split(call).skip(1) {
                    let key = rest.split('"').next().unwrap();
                    assert!(known.contains_key(key) || key.ends_with('-') || key.contains('{'), "{name}: {key}");
                    asked += 1;
                }
            }
        }
        assert!(asked > 50, "{asked}");
    }

    #[test]
    fn a_browser_gets_the_language_it_weighs_most_of_those_there_are() {
        assert_eq!(preferred("es-MX,es;q=0.9,en;q=0.8"), Some(Language::Es));
        assert_eq!(preferred("fr, en;q=0.5, es;q=0.7"), Some(Language::Es));
        assert_eq!(preferred("en"), Some(Language::En));
        for none in ["", "fr", "es;q=0", "es;q=x", ";;,,"] {
            assert_eq!(preferred(none), None, "{none}");
        }
    }

    #[test]
    fn a_time_is_written_as_people_of_the_language_write_it() {
        let at: Timestamp = "2026-11-23T15:04:00Z".parse().unwrap();
        let zone = TimeZone::get("America/New_York").unwrap();
        assert_eq!(Texts::of(Language::En).time(at, &zone), "November 23, 2026, 10:04\u{a0}am");
        assert_eq!(Texts::of(Language::Es).time(at, &zone), "23 de noviembre de 2026, 10:04\u{a0}AM");
        let midnight: Timestamp = "2026-11-23T05:00:00Z".parse().unwrap();
        assert_eq!(Texts::of(Language::En).time(midnight, &zone), "November 23, 2026, 12:00\u{a0}am");
        let evening: Timestamp = "2026-11-23T22:09:00Z".parse().unwrap();
        assert_eq!(Texts::of(Language::Es).time(evening, &zone), "23 de noviembre de 2026, 5:09\u{a0}PM");
    }
}
