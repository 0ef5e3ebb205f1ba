//! The reference tables, and what each must look like.

use crate::reader::{Kind, Schema};

/// Categories of specially protected care, as `postern_base` has them.
const CATEGORIES: &[&str] =
    &["hiv", "sti", "reproductive", "gender_affirming", "mental_health", "genetic", "abuse", "substance_use"];

/// What the words of patients' messages are looked up for.
const WORD_LISTS: &[&str] = &[
    "revokes",
    "revokes_anywhere",
    "doubtful",
    "doubtful_anywhere",
    "wrong_number",
    "resumes",
    "help",
    "courtesies",
    "negated",
    "orders",
    "ends",
    "ended",
    "wants_back",
    "contacting",
    "contacts",
    "sent",
    "services",
    "takes_out",
    "takes_me_out",
    "mine",
    "conditions",
    "other_stops",
    "other_things",
    "care",
    "symptoms",
    "deaths",
    "curses",
    "curses_anywhere",
    "threats",
    "threatened_for",
    "asks_who",
    "asks_who_else",
    "knows_nobody",
    "owns_line",
    "has_left",
    "work_lines",
    "mistakes",
    "moved",
    "businesses",
    "about_visits",
    "about_bills",
    "about_medicines",
    "about_results",
    "tongue_alone",
    "tongue_stops",
    "tongue_refuses",
    "tongue_sent",
    "tongue_courtesies",
    "tongue_assents",
];

/// Languages, by their code (ISO 639).
const LANGUAGES: &[&str] = &[
    "en", "es", "am", "ar", "bn", "cs", "de", "el", "fa", "fr", "gu", "he", "hi", "hmn", "ht", "hu", "hy", "it", "ja",
    "km", "ko", "lo", "my", "ne", "nl", "pa", "pl", "ps", "pt", "ro", "ru", "sm", "so", "sq", "sr", "sv", "sw", "ta",
    "te", "th", "tl", "tr", "uk", "ur", "vi", "yi", "zh",
];

/// Every table, in the order in which it is shown.
pub(crate) const ALL: &[Schema] = &[
    Schema {
        name: "constants",
        item: "",
        columns: &[("key", Kind::Text), ("unit", Kind::Text), ("value", Kind::Value), ("means", Kind::Text)],
        key: 1,
    },
    Schema {
        name: "solicitation-hours",
        item: "SolicitationHours",
        columns: &[
            ("state", Kind::Place),
            ("weekday", Kind::Hours),
            ("saturday", Kind::Hours),
            ("sunday", Kind::Hours),
            ("offers_on_sunday", Kind::YesNo),
            ("offers_on_holidays", Kind::YesNo),
            ("offers_in_24h", Kind::MaybeCount),
            ("note", Kind::Text),
        ],
        key: 1,
    },
    Schema {
        name: "holidays",
        item: "Holiday",
        columns: &[
            ("name", Kind::Text),
            ("month", Kind::Count),
            ("day", Kind::MaybeCount),
            ("nth", Kind::MaybeCount),
            ("weekday", Kind::Word("HolidayWeekday", &["any", "monday", "thursday"])),
        ],
        key: 1,
    },
    Schema { name: "area-codes", item: "AreaCodes", columns: &[("state", Kind::Place), ("codes", Kind::Text)], key: 1 },
    Schema {
        name: "result-holds",
        item: "ResultHold",
        columns: &[
            ("state", Kind::Place),
            ("class", Kind::Word("HeldResult", &["malignancy", "genetic", "hiv", "hepatitis", "drug_test"])),
            ("until", Kind::Word("HeldUntil", &["days", "hours", "clinician"])),
            ("count", Kind::MaybeCount),
            ("clocks", Kind::Text),
            ("since", Kind::MaybeDate),
        ],
        key: 2,
    },
    Schema {
        name: "blocking-exceptions",
        item: "BlockingException",
        columns: &[("code", Kind::Text), ("for_all_results", Kind::YesNo), ("means", Kind::Text)],
        key: 1,
    },
    Schema {
        name: "majority",
        item: "Majority",
        columns: &[("state", Kind::Place), ("age", Kind::Count), ("note", Kind::Text)],
        key: 1,
    },
    Schema {
        name: "category-laws",
        item: "CategoryLaw",
        columns: &[("state", Kind::Place), ("category", Kind::Word("Category", CATEGORIES)), ("asks", Kind::Text)],
        key: 2,
    },
    Schema {
        name: "shield-states",
        item: "ShieldState",
        columns: &[("state", Kind::Place), ("asks", Kind::Text)],
        key: 1,
    },
    Schema {
        name: "minor-consent",
        item: "MinorConsent",
        columns: &[
            ("state", Kind::Place),
            ("care", Kind::Word("MinorCare", &["reproductive", "sti", "substance_use", "mental_health"])),
            ("age", Kind::Count),
        ],
        key: 2,
    },
    Schema {
        name: "recording-consent",
        item: "RecordingConsent",
        columns: &[("state", Kind::Place), ("parties", Kind::Word("Parties", &["one", "all"])), ("note", Kind::Text)],
        key: 1,
    },
    Schema {
        name: "retention",
        item: "Retention",
        columns: &[("record", Kind::Text), ("place", Kind::Place), ("years", Kind::Count), ("from", Kind::Text)],
        key: 2,
    },
    Schema {
        name: "agreement-terms",
        item: "AgreementTerm",
        columns: &[("term", Kind::Text), ("asks", Kind::Text)],
        key: 1,
    },
    Schema {
        name: "signed-elements",
        item: "SignedElement",
        columns: &[
            ("instrument", Kind::Word("Instrument", &["authorization", "written_consent"])),
            ("element", Kind::Text),
            ("asks", Kind::Text),
        ],
        key: 2,
    },
    Schema {
        name: "breach-notice-elements",
        item: "BreachNoticeElement",
        columns: &[("element", Kind::Text), ("asks", Kind::Text)],
        key: 1,
    },
    Schema {
        name: "breach-deadlines",
        item: "BreachDeadline",
        columns: &[
            ("state", Kind::Place),
            ("days", Kind::Count),
            ("counted", Kind::Word("Counted", &["calendar", "business"])),
            ("who", Kind::Text),
        ],
        key: 2,
    },
    Schema {
        name: "revocation-words",
        item: "",
        columns: &[
            ("list", Kind::Word("WordList", WORD_LISTS)),
            ("language", Kind::Word("WordLanguage", LANGUAGES)),
            ("words", Kind::Text),
        ],
        key: 3,
    },
    Schema {
        name: "language-words",
        item: "",
        columns: &[
            ("language", Kind::Word("WordLanguage", LANGUAGES)),
            ("name", Kind::Text),
            ("read", Kind::YesNo),
            ("words", Kind::Text),
        ],
        key: 1,
    },
    Schema {
        name: "harmless-replies",
        item: "HarmlessReplies",
        columns: &[("language", Kind::Text), ("words", Kind::Text)],
        key: 1,
    },
    Schema {
        name: "offer-words",
        item: "",
        columns: &[
            (
                "list",
                Kind::Word(
                    "OfferList",
                    &[
                        "offers",
                        "appeals",
                        "lending",
                        "wares",
                        "named_wares",
                        "invites",
                        "brands",
                        "pitches",
                        "accepts",
                    ],
                ),
            ),
            ("language", Kind::Word("WordLanguage", &["en", "es"])),
            ("words", Kind::Text),
        ],
        key: 3,
    },
    Schema {
        name: "result-words",
        item: "ResultWord",
        columns: &[
            ("class", Kind::Word("HeldResult", &["malignancy", "genetic", "hiv", "hepatitis", "drug_test"])),
            ("language", Kind::Text),
            ("words", Kind::Text),
        ],
        key: 3,
    },
    Schema {
        name: "test-kinds",
        item: "TestKind",
        columns: &[
            ("named_by", Kind::Word("NamedBy", &["loinc", "section", "words"])),
            ("value", Kind::Text),
            ("class", Kind::Word("ResultClass", &["malignancy", "genetic", "hiv", "hepatitis", "drug_test", "other"])),
            ("means", Kind::Text),
        ],
        key: 2,
    },
    Schema {
        name: "emergency-numbers",
        item: "EmergencyNumber",
        columns: &[("number", Kind::Text), ("what", Kind::Text)],
        key: 1,
    },
    Schema {
        name: "carriers",
        item: "CarrierItem",
        columns: &[("kind", Kind::Word("CarrierKind", &["opt_in_names", "shared_shortener"])), ("value", Kind::Text)],
        key: 2,
    },
];
