//! What ordinary words are used for around an identifier or a name: cues, titles, greetings. From `data/roles.txt`.

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $bit:literal $word:literal),+ $(,)?) => {
        $($(#[$doc])* pub(crate) const $name: u64 = 1 << $bit;)+

        /// The bit of a section's name.
        pub(crate) fn parse(word: &str) -> Option<u64> {
            match word {
                $($word => Some($name),)+
                _ => None,
            }
        }
    };
}

roles! {
    /// A word that is known and is no misspelling of another.
    KNOWN = 0 "known",
    /// Before a social security number.
    SSN = 1 "ssn",
    /// Before a date of birth.
    BIRTH = 2 "birth",
    /// Before a record number.
    RECORD = 3 "record",
    /// Before an account, invoice or claim number.
    ACCOUNT = 4 "account",
    /// Before a health plan's number.
    PLAN = 5 "plan",
    /// Before a device, vehicle or licence number.
    DEVICE = 6 "device",
    /// Before a number to call.
    CALL = 7 "call",
    /// Says that what is named is the reader's own.
    OWN = 8 "own",
    /// A telephone, telephone number or mailbox.
    LINE = 9 "line",
    /// Before a room, floor, suite.
    PLACE = 10 "place",
    /// Before a one-time code or a reference.
    PASSCODE = 11 "passcode",
    /// Speaks of money owed.
    OWED = 12 "owed",
    /// Logistics: time, place, appointment.
    LOGISTICS = 13 "logistics",
    /// A kind of street.
    STREET = 14 "street",
    /// The reader's address.
    HOME = 15 "home",
    /// Before an age.
    AGE = 16 "age",
    /// Before a clinical code.
    CODE = 17 "code",
    /// A first name.
    FIRST_NAME = 18 "first_name",
    /// A family name.
    FAMILY_NAME = 19 "family_name",
    /// Before the name of somebody on the staff.
    STAFF = 20 "staff",
    /// After the name of somebody on the staff.
    CREDENTIAL = 21 "credential",
    /// After a name that is an institution's or a place's.
    INSTITUTION = 22 "institution",
    /// A greeting.
    GREETING = 23 "greeting",
    /// Before a patient's name.
    PATIENT = 24 "patient",
    /// Between two first names and behind them: de, la, van.
    PARTICLE = 25 "particle",
    /// Stands capitalised after a greeting or alone without being a name.
    NO_NAME = 26 "no_name",
    /// Fixes a number as the last digits of something.
    LAST = 27 "last",
    /// The digit 0 to 9 in words; which one is in the four bits from [`DIGIT_SHIFT`].
    DIGIT = 28 "digit",
    /// A month's name.
    MONTH = 29 "month",
    /// A care word that is as often said of things of an office: pain, procedure, breakdown.
    FIGURATIVE = 30 "figurative",
    /// Before a name: somebody who is called by name because the message is about them.
    ABOUT = 31 "about",
    /// A tenant's word that is clean here.
    CLEAN_HERE = 32 "clean_here",
    /// A unit or cue of a measurement.
    MEASURE = 33 "measure",
    /// Before a record number when nothing else says whose number it is.
    WEAK_RECORD = 34 "weak_record",
    /// A word of each of the closed phrases ([`crate::phrases`]).
    CLOSED = 35 "closed",
    /// The dot of an address in words.
    DOT = 36 "dot",
    /// A number's word, or a sign's inside a number.
    NUMERAL = 37 "numeral",
    /// A payment card.
    CARD = 40 "card",
    /// Before the number of a thing that is sold or shelved.
    ITEM = 39 "item",
    /// Before the name of a street or a house of business, in which a care word is only a name.
    VENUE = 38 "venue",
    /// Somebody who works here: nurse, driver, manager.
    JOB = 42 "job",
    /// The name of a letter that is no other word: ess, eff, zeta.
    LETTER_NAME = 43 "letter_name",
    /// Before a postal code.
    ZIP = 44 "zip",
    /// A thing of an office or a house, of which may be said what is said of findings: a form that came back, a line that shrank.
    OBJECT = 45 "object",
    /// Says that a house began: opened, founded, since.
    FOUNDED = 46 "founded",
    /// A part of a house where somebody lives: apartment, floor.
    DWELLING = 47 "dwelling",
    /// Says that somebody was tried to be reached.
    TRIED = 48 "tried",
    /// Whose a telephone is: your, his, su.
    OWNER = 49 "owner",
    /// What else an office has and does, of which care words are said in a figure of speech: directions, customers, staff.
    HOUSE = 50 "house",
    /// Everybody, whoever they are.
    PUBLIC = 51 "public",
    /// How something that somebody was examined for came out: positive, negativo, benign.
    OUTCOME = 52 "outcome",
    /// A part of a body.
    BODY = 54 "body",
    /// What a part of a body does when something is wrong with it.
    AILS = 55 "ails",
    /// What is done to a part of a body.
    MENDS = 56 "mends",
    /// A care word of two meanings: let pass only where the whole sentence does not sound like care.
    DOUBTFUL = 57 "doubtful",
    /// The first word of an entry of several.
    OPENS = 58 "opens",
    /// Begins a sentence that says what to do before or after a visit: drink, keep, traiga.
    INSTRUCTS = 59 "instructs",
    /// Any other ordinary word of a clinic's messages: only so that a slip in it is known for one.
    PLAIN = 53 "plain",
    /// A short word that sentences end with: the dot behind it is no abbreviation's.
    ENDS = 41 "ends",
}

/// What says what a number is: a slip in such a word must not hide the number.
pub(crate) const CUES: u64 = SSN | BIRTH | RECORD | ACCOUNT | PLAN | DEVICE | AGE | LINE;

/// What only ordinary words of an office are.
pub(crate) const ORDINARY: u64 = LOGISTICS
    | OBJECT
    | HOUSE
    | MONTH
    | JOB
    | PLACE
    | CALL
    | LINE
    | STREET
    | INSTITUTION
    | PUBLIC
    | GREETING
    | OWED
    | PASSCODE
    | TRIED
    | HOME
    | ACCOUNT
    | RECORD
    | NO_NAME
    | PLAIN;

/// Where the digit's value begins.
pub(crate) const DIGIT_SHIFT: u32 = 60;
