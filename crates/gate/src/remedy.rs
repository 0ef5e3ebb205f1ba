//! What would lift a finding: the facts that would have to be otherwise, who alone can make them so, and how it is said.
//!
//! A remedy is no advice to get round a rule. What only the patient may change (an opt-out, a denial, a list of addresses) says
//! so, and what the law forbids has none at all (RULES TCP-16: consent comes back by the patient's own act, never by a
//! switch that staff turn).

use postern_base::Channel;

/// What would lift a finding. Rules name it beside the sentence of the finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remedy {
    /// The finding lifts itself at an instant.
    Wait,
    /// A system answers again.
    SystemAnswers,
    /// The caller leaves the portal among the channels.
    AllowPortal,
    /// The caller leaves this channel among the channels.
    AllowChannel,
    /// The caller lets the gate pick the TCPA basis.
    LeaveBasisOpen,
    /// The caller lets the message be worth something for longer.
    ExtendExpiry,
    /// The text names the sender and says how to opt out.
    NameSender,
    /// The text is shortened to what the exemption allows.
    ShortenText,
    /// The text's links lead to the practice's own site and carry nothing.
    MendLinks,
    /// The code, and the request for it, expire within five minutes.
    ShortenCode,
    /// The notice of the breach says all five things it must say.
    CompleteNotice,
    /// Somebody asks whose account, role, training and sign-in allow it.
    AskByAnother,
    /// Two identifiers are verified in the call.
    VerifyIdentity,
    /// The call says at its beginning that a machine speaks.
    DiscloseMachine,
    /// Everybody on the call agrees that it is recorded, or it is not.
    AgreeToRecording,
    /// A named person takes responsibility for the emergency that was declared.
    BreakGlass,
    /// A clinician reads and accepts what a model wrote.
    ReviewText,
    /// A clinician has spoken with the patient and releases the result.
    ReleaseResult,
    /// The contact point is verified with a code.
    VerifyPoint,
    /// The number is looked up and was not reassigned.
    LookUpNumber,
    /// The mailbox is recorded as the patient's own.
    RecordMailbox,
    /// A person reads an unclear answer, and it does not mean stop.
    ReadAnswer,
    /// A person reads a Consent that could not be understood, and it denies nothing.
    ReadConsent,
    /// A person reads a text that could not be classified and finds nothing but logistics in it.
    ReadText,
    /// A person reads a safety flag that could not be understood, and it forbids nothing here.
    ReadFlag,
    /// The line is looked up and is no VoIP line.
    RecordLineType,
    /// The contact point is found to be in use.
    ConfirmInUse,
    /// A valid certificate for the address is on record.
    RecordCertificate,
    /// The patient is told the risk of a channel.
    TellRisk,
    /// The portal is opened to the patient.
    InviteToPortal,
    /// The patient consents to messages of this purpose at this contact point.
    RecordConsent,
    /// The patient acknowledges the risk of e-mail.
    AcknowledgeEmailRisk,
    /// The patient signs a written consent to marketing at this number.
    SignMarketingText,
    /// The patient signs an authorization for marketing.
    SignAuthorization,
    /// The patient grants this person leave to be told.
    GrantPerson,
    /// The patient signs a consent under 42 CFR Part 2.
    SignPart2Consent,
    /// The patient takes back a denial of contact.
    LiftDenial,
    /// The patient asks for messages again.
    OptBackIn,
    /// The patient adds the address to those they asked to be reached at.
    ListAddress,
    /// The patient ends a restriction.
    EndRestriction,
    /// The patient takes back an objection to e-mail.
    AcceptEmail,
    /// The patient signs in again.
    SignInAnew,
    /// The visitor of the open chat agrees that what they type is kept.
    AskVisitor,
    /// The patient asks for access by plain e-mail at this address, warned of the risk.
    RequestAccess,
    /// The person agrees to be notified by e-mail.
    AgreeToNotice,
    /// The agreement with the vendor of the channel is executed, in force, and names the service.
    ExecuteAgreement,
    /// The agreement holds every required term.
    AmendAgreement,
    /// The sender is registered with the carriers.
    RegisterSender,
    /// The security official approves a risk record.
    ApproveRisk,
    /// The practice's policy is corrected.
    MendPolicy,
    /// The practice switches the channel on.
    EnableChannel,
    /// The practice sets a sender name that tells no specialty.
    SetNeutralAlias,
    /// The practice's postal address stands in commercial mail.
    GivePostalAddress,
    /// Two persons approve this version of the template.
    ApproveTemplate,
    /// What is sent in bulk is looked at and let go on.
    ResumeBulk,
    /// The portal asks for two factors.
    SecondFactor,
    /// No tracker runs on the pages patients read.
    RemoveTrackers,
    /// The practice's signature on mail verifies.
    SignMail,
    /// Every leg of our calls is encrypted.
    EncryptCalls,
    /// An agreement covers whoever runs the model.
    CoverModel,
    /// The recipient's mail domain is found to enforce encryption.
    LookUpDomain,
}

/// Who alone can bring a change about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// Nobody needs to act: time does it.
    Time,
    /// A system that does not answer now.
    System,
    /// Whoever asked for the message.
    Caller,
    /// Front desk or nurses.
    Staff,
    /// A clinician.
    Clinician,
    /// Whoever runs the practice's agreements, policy and sender.
    Administrator,
    /// The patient, of their own accord.
    Patient,
}

impl Who {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::System => "system",
            Self::Caller => "caller",
            Self::Staff => "staff",
            Self::Clinician => "clinician",
            Self::Administrator => "administrator",
            Self::Patient => "patient",
        }
    }
}

/// What a remedy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The message, the patient or the practice as a whole.
    Message,
    /// A channel.
    Channel,
    /// A contact point.
    Point,
}

impl Remedy {
    /// Who alone can bring it about.
    #[must_use]
    pub const fn who(self) -> Who {
        match self {
            Self::Wait => Who::Time,
            Self::SystemAnswers => Who::System,
            Self::AllowPortal
            | Self::AllowChannel
            | Self::LeaveBasisOpen
            | Self::ExtendExpiry
            | Self::NameSender
            | Self::ShortenText
            | Self::ShortenCode
            | Self::CompleteNotice
            | Self::AskByAnother
            | Self::MendLinks => Who::Caller,
            Self::VerifyIdentity
            | Self::DiscloseMachine
            | Self::AgreeToRecording
            | Self::BreakGlass
            | Self::VerifyPoint
            | Self::LookUpNumber
            | Self::RecordMailbox
            | Self::ReadAnswer
            | Self::ReadConsent
            | Self::ReadText
            | Self::ReadFlag
            | Self::RecordLineType
            | Self::ConfirmInUse
            | Self::RecordCertificate
            | Self::TellRisk
            | Self::InviteToPortal => Who::Staff,
            Self::ReviewText | Self::ReleaseResult => Who::Clinician,
            Self::RecordConsent
            | Self::AcknowledgeEmailRisk
            | Self::SignMarketingText
            | Self::SignAuthorization
            | Self::GrantPerson
            | Self::SignPart2Consent
            | Self::LiftDenial
            | Self::OptBackIn
            | Self::ListAddress
            | Self::EndRestriction
            | Self::SignInAnew
            | Self::AskVisitor
            | Self::RequestAccess
            | Self::AgreeToNotice
            | Self::AcceptEmail => Who::Patient,
            Self::ExecuteAgreement
            | Self::AmendAgreement
            | Self::RegisterSender
            | Self::ApproveRisk
            | Self::MendPolicy
            | Self::EnableChannel
            | Self::SetNeutralAlias
            | Self::GivePostalAddress
            | Self::ApproveTemplate
            | Self::ResumeBulk
            | Self::SecondFactor
            | Self::RemoveTrackers
            | Self::SignMail
            | Self::EncryptCalls
            | Self::CoverModel
            | Self::LookUpDomain => Who::Administrator,
        }
    }

    /// What it is about.
    pub(crate) const fn scope(self) -> Scope {
        match self {
            Self::AllowChannel
            | Self::ExecuteAgreement
            | Self::AmendAgreement
            | Self::RegisterSender
            | Self::EnableChannel => Scope::Channel,
            Self::VerifyPoint
            | Self::LookUpNumber
            | Self::RecordMailbox
            | Self::ReadAnswer
            | Self::RecordConsent
            | Self::AcknowledgeEmailRisk
            | Self::SignMarketingText
            | Self::LiftDenial
            | Self::OptBackIn
            | Self::ListAddress
            | Self::AcceptEmail
            | Self::RecordLineType
            | Self::ConfirmInUse
            | Self::RecordCertificate
            | Self::RequestAccess
            | Self::AgreeToNotice
            | Self::TellRisk
            | Self::LookUpDomain => Scope::Point,
            _ => Scope::Message,
        }
    }

    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::SystemAnswers => "system_answers",
            Self::AllowPortal => "allow_portal",
            Self::AllowChannel => "allow_channel",
            Self::LeaveBasisOpen => "leave_basis_open",
            Self::ExtendExpiry => "extend_expiry",
            Self::NameSender => "name_sender",
            Self::ShortenText => "shorten_text",
            Self::MendLinks => "mend_links",
            Self::VerifyIdentity => "verify_identity",
            Self::DiscloseMachine => "disclose_machine",
            Self::AgreeToRecording => "agree_to_recording",
            Self::BreakGlass => "break_glass",
            Self::ReviewText => "review_text",
            Self::ReleaseResult => "release_result",
            Self::VerifyPoint => "verify_point",
            Self::LookUpNumber => "look_up_number",
            Self::RecordMailbox => "record_mailbox",
            Self::ReadAnswer => "read_answer",
            Self::ReadConsent => "read_consent",
            Self::InviteToPortal => "invite_to_portal",
            Self::RecordConsent => "record_consent",
            Self::AcknowledgeEmailRisk => "acknowledge_email_risk",
            Self::SignMarketingText => "sign_marketing_text",
            Self::SignAuthorization => "sign_authorization",
            Self::GrantPerson => "grant_person",
            Self::SignPart2Consent => "sign_part2_consent",
            Self::LiftDenial => "lift_denial",
            Self::OptBackIn => "opt_back_in",
            Self::ListAddress => "list_address",
            Self::EndRestriction => "end_restriction",
            Self::AcceptEmail => "accept_email",
            Self::ExecuteAgreement => "execute_agreement",
            Self::AmendAgreement => "amend_agreement",
            Self::RegisterSender => "register_sender",
            Self::ApproveRisk => "approve_risk",
            Self::MendPolicy => "mend_policy",
            Self::EnableChannel => "enable_channel",
            Self::SetNeutralAlias => "set_neutral_alias",
            Self::ShortenCode => "shorten_code",
            Self::CompleteNotice => "complete_notice",
            Self::AskByAnother => "ask_by_another",
            Self::ReadText => "read_text",
            Self::ReadFlag => "read_flag",
            Self::RecordLineType => "record_line_type",
            Self::ConfirmInUse => "confirm_in_use",
            Self::RecordCertificate => "record_certificate",
            Self::SignInAnew => "sign_in_anew",
            Self::AskVisitor => "ask_visitor",
            Self::RequestAccess => "request_access",
            Self::AgreeToNotice => "agree_to_notice",
            Self::GivePostalAddress => "give_postal_address",
            Self::ApproveTemplate => "approve_template",
            Self::ResumeBulk => "resume_bulk",
            Self::SecondFactor => "second_factor",
            Self::RemoveTrackers => "remove_trackers",
            Self::SignMail => "sign_mail",
            Self::EncryptCalls => "encrypt_calls",
            Self::CoverModel => "cover_model",
            Self::TellRisk => "tell_risk",
            Self::LookUpDomain => "look_up_domain",
        }
    }

    /// What would have to happen, in a sentence a nurse understands. Holds no PHI.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a sentence for each remedy, and nothing else")]
    pub const fn sentence(self, channel: Option<Channel>) -> &'static str {
        let mail = matches!(channel, Some(Channel::Email));
        match self {
            Self::Wait => "Nothing needs to be done: time passes, and Postern tries again by itself.",
            Self::SystemAnswers => {
                "The system that is being waited for answers again, with the record as it was last known."
            }
            Self::AllowPortal => "The request names the portal among its channels too.",
            Self::AllowChannel => "The request names this channel among its channels too.",
            Self::LeaveBasisOpen => "The request names no basis, and the gate picks the one that holds.",
            Self::ExtendExpiry => "The request says that the message is worth something for longer.",
            Self::NameSender => "The text names the practice and its number, and says how to opt out.",
            Self::ShortenText => "The text is shortened to 160 characters at most.",
            Self::MendLinks => {
                "The links in the text lead to the practice's own site and carry nothing about the patient."
            }
            Self::VerifyIdentity => "The caller verifies two identifiers of the patient in the call.",
            Self::DiscloseMachine => "The call says at its beginning that a machine speaks.",
            Self::AgreeToRecording => "Everybody on the call agrees to the recording, or it is switched off.",
            Self::BreakGlass => {
                "If health or safety is truly at stake, a named person breaks the glass, with a reason and an end, and is reviewed afterwards."
            }
            Self::ReviewText => "A clinician reads the text the model wrote and accepts it.",
            Self::ReleaseResult => "A clinician speaks with the patient and releases the result.",
            Self::VerifyPoint if mail => "The patient verifies this address with a code.",
            Self::VerifyPoint => "The patient verifies this number with a code.",
            Self::LookUpNumber => "The number is looked up, and was not given to somebody else.",
            Self::RecordMailbox => "Staff ask whose mailbox it is, and it is the patient's own.",
            Self::ReadAnswer => "A person reads what the patient answered, and it does not mean stop.",
            Self::ReadConsent => "A person reads the Consent that could not be understood, and it denies nothing here.",
            Self::InviteToPortal => "The portal is opened to the patient.",
            Self::RecordConsent if mail => {
                "The patient consents to this kind of message at this address, and it is recorded."
            }
            Self::RecordConsent => "The patient consents to this kind of message at this number, and it is recorded.",
            Self::AcknowledgeEmailRisk => {
                "The patient is told the risk of e-mail, still wants it at this address, and that is recorded."
            }
            Self::SignMarketingText => "The patient signs a written consent to marketing at this number, freely.",
            Self::SignAuthorization => {
                "The patient signs an authorization for marketing that tells of any payment, freely."
            }
            Self::GrantPerson => {
                "The patient, of their own accord, lets this person receive messages, naming what is specially protected, and it is recorded."
            }
            Self::SignPart2Consent => "The patient signs a consent under 42 CFR Part 2 that names this recipient.",
            Self::LiftDenial => {
                "Only the patient can change this: they take back their denial of contact here, of their own accord."
            }
            Self::OptBackIn => {
                "Only the patient can change this: they ask for messages again from there (START), or in the portal; staff may not switch it back."
            }
            Self::ListAddress => {
                "Only the patient can change this: they add this address to those they asked to be reached at; nobody may ask them why."
            }
            Self::EndRestriction => {
                "Only the patient can change this: they agree to end the restriction, and it is documented."
            }
            Self::AcceptEmail => "Only the patient can change this: they take back their objection to e-mail.",
            Self::ExecuteAgreement => {
                "A business associate agreement with the vendor of this channel is executed, in force today, and names the service."
            }
            Self::AmendAgreement => "The agreement with the vendor of this channel gets the terms it lacks.",
            Self::RegisterSender => "The sender of texts is registered with the carriers and approved.",
            Self::ApproveRisk => "The security official approves a current risk record.",
            Self::MendPolicy => "The practice corrects its policy, which loosens the floor now.",
            Self::EnableChannel => "The practice switches this channel on again.",
            Self::SetNeutralAlias => "The practice sets a sender name that tells no specialty.",
            Self::ShortenCode => "The code and the request for it expire within five minutes.",
            Self::CompleteNotice => {
                "The notice says what happened, which information, what to do, what is done, and whom to ask."
            }
            Self::AskByAnother => {
                "Somebody asks for it with an account of their own that is in use, whose role and training allow it, signed in with two factors."
            }
            Self::ReadText => "A person reads the text and finds that it tells nothing of care.",
            Self::ReadFlag => "A person reads the safety flag on the record, and it forbids nothing here.",
            Self::RecordLineType => "The number is looked up and is no VoIP line.",
            Self::ConfirmInUse => "The patient confirms that this number or address is in use, and the record says so.",
            Self::RecordCertificate => "A valid certificate of the patient's for this address is on record.",
            Self::SignInAnew => "The patient signs in again before it is shown.",
            Self::AskVisitor => "The visitor is asked whether what they type may be kept, and agrees.",
            Self::RequestAccess => {
                "The patient, warned of the risk and of their own accord, asks for access by plain e-mail at this address."
            }
            Self::AgreeToNotice => "The person agrees to be notified by e-mail at this address, and it is recorded.",
            Self::GivePostalAddress => {
                "The practice's postal address is put into commercial mail, and that is recorded."
            }
            Self::ApproveTemplate => "Two persons approve this version of the template.",
            Self::ResumeBulk => "A person looks at why messages in bulk were paused, and lets them go on.",
            Self::SecondFactor => "The portal is set to ask for two factors, and that is recorded.",
            Self::RemoveTrackers => "The pages patients read are looked at, and no tracker runs on them.",
            Self::SignMail => "The practice's signature on its mail is mended and checked.",
            Self::EncryptCalls => "Every leg of the practice's calls is encrypted, and that is recorded.",
            Self::CoverModel => {
                "A business associate agreement with whoever runs the model is executed and in force today."
            }
            Self::TellRisk => "The patient is told the risk of this channel, still wants it, and that is recorded.",
            Self::LookUpDomain => "The recipient's mail domain is looked up and found to enforce encryption.",
        }
    }
}
