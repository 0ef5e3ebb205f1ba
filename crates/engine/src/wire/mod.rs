//! The request, the case and the answer as JSON: the one format that HTTP, the command line and case files share.
//!
//! Unknown fields are refused, not ignored. An error names the field and what was expected of it, and never repeats a
//! value, because any value here may be PHI.

mod alert;
mod answer;
mod case;
mod certificate;
mod deployment;
mod disclosure;
mod do_not_call;
mod examined;
mod history;
mod mail;
mod mail_report;
mod malformed;
mod message;
mod notice;
mod number_check;
mod objects;
mod policy;
mod received;
mod request;
mod returned;
mod tenant;
mod unknown;
mod vendor;
mod verification;

pub use alert::{AlertText, AlertView};
pub use answer::{
    Accepted, Answer, AnsweredAlert, AnsweredChoice, AnsweredDelivery, AnsweredObligation, AnsweredRefusal,
    AnsweredRule, AnsweredRunnerUp, Links, TextLength,
};
pub use case::{Case, Certificate, Ehr, EhrStatus, Transport};
pub use certificate::{CertificateView, NewCertificate};
pub use deployment::{Actor, Deployment, DoNotCall, Proposed, Reviews, RiskRecord};
pub use disclosure::{DisclosureView, Known, NewDisclosure};
pub use do_not_call::{DoNotCallView, NewDoNotCall};
pub use examined::{
    AnsweredAlternative, AnsweredCandidate, AnsweredChange, AnsweredChanges, AnsweredNothing, AnsweredPassing,
    AnsweredVerdict,
};
pub use history::{DeliveryMade, History, InboundSeen, NoticeSeen, NumberChecked, OptOutSeen, Outcome, Reassigned};
pub use mail::{MailDomainView, TlsFailureView};
pub use mail_report::{MailReportAbout, MailReportView, MailSourceView, TlsTroubleView};
pub use malformed::{WireError, parse};
pub use message::{BodyPart, DeliveryStatus, EntryView, Message, PortalCopyView, TlsSessionView};
pub use notice::{NewNotice, NoticeAnswer, NoticeKind, NoticeView};
pub use number_check::{LineKind, NewNumberCheck, NumberCheckView};
pub use policy::PolicyFile;
pub use received::{AttachmentView, NewReview, ReadReason, ReceivedView};
pub use request::{
    Ai, Breach, BreakGlass, Content, Disclosure, Marketing, NoticeElement, Recipient, Request, TemplateUse,
    Translation, Voice,
};
pub use returned::{AddressCode, AddressConfirmed, KeptMailView, LiftReason, Lifting, SuppressionView};
pub use tenant::{OwnWords, PortalSettings, Sender, Settings, Tenant};
pub use unknown::{Absence, UnknownFact};
pub use vendor::{Agreement, Vendor};
pub use verification::{NewVerification, VerificationView};

/// The JSON Schema of a [`Case`], written from these types.
pub const CASE_SCHEMA: &str = include_str!("../../../../docs/schemas/case.schema.json");
/// The JSON Schema of an [`Answer`], written from these types.
pub const DECISION_SCHEMA: &str = include_str!("../../../../docs/schemas/decision.schema.json");
