//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Self-hosted gateway for patient communication: decides whether, where, when and how much may be said, says it, and can
/// prove afterwards what it did and why.
#[derive(Debug, Parser)]
#[command(name = "postern", version, max_term_width = 100, after_help = crate::exit::HELP)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Where and how.
    #[command(flatten)]
    pub(crate) global: Global,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The data directory [default: the platform's data folder, `postern` below it]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The configuration [default: postern.toml in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Write JSON for machines instead of text for people
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show everything: a synthetic clinic, simulated vendors, a morning of messages
    Demo(Demo),
    /// Make a data directory, its root key and a first API key
    Quickstart(Quickstart),
    /// Serve the API and send what is due
    Serve(Serve),
    /// Ask for one message, in the data directory at hand
    Send(Send),
    /// Decide cases without side effects, with every reason
    Explain(Explain),
    /// Find PHI in texts: JSON lines {"id","text","channel","purpose"?,"lang"?}
    Scan(Scan),
    /// Check ledger, checkpoints and records from the files alone
    Verify(Verify),
    /// Read patients' records (FHIR R4 Bundles or NDJSON) into the built-in directory
    Import(Import),
    /// Check a tenant's policy, or show what is in effect beside the floor
    Policy(Policy),
    /// Add, list and remove the S/MIME certificates of patients' mailboxes
    Certificate(Certificate),
    /// Invite a patient, or who stands for them, to the portal
    Portal(Portal),
    /// Record and list look-ups of patients' numbers
    NumberCheck(OfPatient),
    /// Record and list whether contact points are the patient's own
    Verification(OfPatient),
    /// Record and list what patients were told, accept and object to
    Notice(OfPatient),
    /// Record disclosures that a patient may ask an accounting of, and give the accounting
    Disclosure(OfPatient),
    /// Record and list requests not to be called to sell
    DoNotCall(OfPatient),
    /// Show what a patient wrote; who read it, and why, is recorded
    Inbound(Inbound),
    /// Show what patients asked for in the portal: one way to be reached, whom to call, hours, language
    Wishes(Wishes),
    /// Show what somebody must look at now, and take it up
    Alerts(Alerts),
    /// Make, list and revoke API keys
    Key(Key),
    /// Write, check, preview and approve message templates
    Template(Template),
    /// Examine what our own domains publish, and print the exact records to publish
    Doctor(Doctor),
    /// Print completions for a shell
    Completions {
        /// For which shell
        shell: Shell,
    },
}

/// `postern demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8025", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Stop when the morning's messages are out, instead of at Ctrl-C
    #[arg(long)]
    pub(crate) once: bool,
    /// When the demo's clock starts, RFC 3339 [default: 10:00 in New York, today]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<jiff::Timestamp>,
}

/// `postern quickstart`.
#[derive(Debug, Args)]
pub(crate) struct Quickstart {
    /// The tenant's id: a-z, 0-9 and '-', beginning with a letter
    #[arg(long, default_value = "clinic", value_name = "ID")]
    pub(crate) tenant: postern_base::TenantId,
    /// The organisation's name
    #[arg(long, default_value = "Sunrise Health", value_name = "NAME")]
    pub(crate) name: String,
    /// The neutral name patients see; say nothing of a specialty in it [default: the organisation's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Option<String>,
    /// The call-back number, E.164
    #[arg(long, default_value = "+15555550100", value_name = "NUMBER")]
    pub(crate) callback: String,
    /// The organisation's state, two letters
    #[arg(long, default_value = "NY", value_name = "STATE")]
    pub(crate) state: String,
}

/// `postern policy`.
#[derive(Debug, Args)]
pub(crate) struct Policy {
    /// What to do with it
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

/// What to do with a policy.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Name everything in policy files that would loosen the floor or cannot be read
    Check {
        /// Policy files, TOML or JSON; `-` = standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show the policy in effect, with what differs from the floor marked
    Show {
        /// A policy file; without one, the built-in floor
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Show the reference tables: states, hours, holds, ages, numbers, and where each comes from
    Tables {
        /// One table only
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
}

/// `postern portal`.
#[derive(Debug, Args)]
pub(crate) struct Portal {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: PortalCommand,
    /// The tenant, when the data directory holds several
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) tenant: Option<postern_base::TenantId>,
}

/// What to do with the portal.
#[derive(Debug, Subcommand)]
pub(crate) enum PortalCommand {
    /// Make a code with which somebody enrols; it is told once
    Invite {
        /// The patient's id
        #[arg(long, value_name = "ID")]
        patient: String,
        /// `RelatedPerson/ID` of who stands for the patient
        #[arg(long, value_name = "REFERENCE")]
        person: Option<String>,
    },
}

/// `postern certificate`.
#[derive(Debug, Args)]
pub(crate) struct Certificate {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: CertificateCommand,
    /// The tenant, when the data directory holds several
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) tenant: Option<postern_base::TenantId>,
}

/// What to do with certificates.
#[derive(Debug, Subcommand)]
pub(crate) enum CertificateCommand {
    /// Add the certificate of one of a patient's addresses
    Add {
        /// The patient's id
        #[arg(long, value_name = "ID")]
        patient: String,
        /// The address
        #[arg(long, value_name = "ADDRESS")]
        address: String,
        /// The certificate with its issuers, PEM, DER or PKCS#7; `-` = standard input
        file: PathBuf,
    },
    /// List a patient's certificates as they stand now
    List {
        /// The patient's id
        #[arg(long, value_name = "ID")]
        patient: String,
    },
    /// Take a certificate out of use
    Remove {
        /// The patient's id
        #[arg(long, value_name = "ID")]
        patient: String,
        /// Its fingerprint, as `certificate list` shows it
        fingerprint: String,
    },
}

/// `postern doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// What to examine
    #[command(subcommand)]
    pub(crate) command: DoctorCommand,
}

/// What to examine.
#[derive(Debug, Subcommand)]
pub(crate) enum DoctorCommand {
    /// MX, SPF, DKIM, DMARC, MTA-STS, TLSRPT and PTR of every domain that the configuration sends mail from
    Email {
        /// Domains, when not all
        #[arg(value_name = "DOMAIN")]
        domains: Vec<String>,
    },
}

/// What is recorded of a patient: `postern number-check`, `postern notice`, `postern disclosure`, `postern do-not-call`.
#[derive(Debug, Args)]
pub(crate) struct OfPatient {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: OfPatientCommand,
    /// The tenant, when the data directory holds several
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) tenant: Option<postern_base::TenantId>,
}

/// What to do with what is recorded.
#[derive(Debug, Subcommand)]
pub(crate) enum OfPatientCommand {
    /// Record one, as in the body of POST /v1/patients/{id}/number-checks, …/verifications, …/notices, …/disclosures or …/do-not-call
    Add {
        /// The patient's id
        #[arg(long, value_name = "ID")]
        patient: String,
        /// What is recorded, JSON; `-` = standard input
        #[arg(value_name = "FILE", default_value = "-")]
        file: PathBuf,
    },
    /// List what is on record
    List {
        /// The patient's id
        #[arg(long, value_name = "ID")]
        patient: String,
    },
}

/// `postern alerts`.
#[derive(Debug, Args)]
pub(crate) struct Alerts {
    #[command(subcommand)]
    pub(crate) what: Option<AlertsCommand>,
    /// Those too that somebody took up
    #[arg(long)]
    pub(crate) all: bool,
    /// The tenant, when the data directory holds several
    #[arg(long, value_name = "ID", global = true)]
    pub(crate) tenant: Option<postern_base::TenantId>,
}

/// What is done with an alert, besides listing it.
#[derive(Debug, Subcommand)]
pub(crate) enum AlertsCommand {
    /// Take an alert up: you see to the patient now
    Acknowledge {
        /// The alert's number, as it is shown
        number: i64,
        /// Who takes it up
        #[command(flatten)]
        key: PersonKey,
    },
}

/// `postern inbound`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Inbound {
    #[command(subcommand)]
    pub(crate) what: Option<InboundCommand>,
    /// The patient's id
    #[arg(long, value_name = "ID", required = true)]
    pub(crate) patient: Option<String>,
    /// Why it is read
    #[arg(long, value_enum, required = true)]
    pub(crate) why: Option<Why>,
    /// The tenant, when the data directory holds several
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<postern_base::TenantId>,
}

/// `postern wishes`.
#[derive(Debug, Args)]
pub(crate) struct Wishes {
    /// Only this patient's, by id
    #[arg(long, value_name = "ID")]
    pub(crate) patient: Option<String>,
    /// The tenant, when the data directory holds several
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<postern_base::TenantId>,
}

/// What is done with what a patient wrote, besides reading it.
#[derive(Debug, Subcommand)]
pub(crate) enum InboundCommand {
    /// Say, as a person who read it, what a message means
    Review {
        /// The patient's id
        #[arg(long, value_name = "ID")]
        patient: String,
        /// The tenant, when the data directory holds several
        #[arg(long, value_name = "ID")]
        tenant: Option<postern_base::TenantId>,
        /// The message's number, as it is shown
        number: i64,
        /// `nothing` (lifts what was held as ambiguous), `stops` or `wrong_number`
        verdict: postern_base::Review,
        /// Who says so
        #[command(flatten)]
        key: PersonKey,
    },
}

/// Why what a patient wrote is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Why {
    /// To care for the patient
    Treatment,
    /// To be paid
    Payment,
    /// To run the practice
    Operations,
    /// The patient asked for it
    PatientRequest,
    /// A complaint or an incident is looked into
    Investigation,
}

impl From<Why> for postern_engine::wire::ReadReason {
    fn from(why: Why) -> Self {
        match why {
            Why::Treatment => Self::Treatment,
            Why::Payment => Self::Payment,
            Why::Operations => Self::Operations,
            Why::PatientRequest => Self::PatientRequest,
            Why::Investigation => Self::Investigation,
        }
    }
}

/// `postern key`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Key {
    /// What to do with keys; without, as `add`.
    #[command(subcommand)]
    pub(crate) command: Option<KeyCommand>,
    /// The key to make.
    #[command(flatten)]
    pub(crate) add: KeyAdd,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make another API key; it is shown once
    Add(KeyAdd),
    /// List the keys: id, label, scopes, when made
    List {
        /// The tenant, when the data directory holds several
        #[arg(long, value_name = "ID")]
        tenant: Option<postern_base::TenantId>,
    },
    /// Revoke a key for good
    Revoke {
        /// The tenant, when the data directory holds several
        #[arg(long, value_name = "ID")]
        tenant: Option<postern_base::TenantId>,
        /// The key's id, as `key list` and the ledger name it; never the key itself
        #[arg(value_name = "KEY_ID")]
        id: String,
    },
}

/// `postern key add`.
#[derive(Debug, Args)]
pub(crate) struct KeyAdd {
    /// The tenant, when the data directory holds several
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<postern_base::TenantId>,
    /// The key is a person's own: it may propose and approve, and its holder answers for that
    #[arg(long)]
    pub(crate) staff: bool,
    /// What the key may do; several are given one by one [default: messages:write and messages:read; with --staff the templates' too]
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    pub(crate) scopes: Vec<postern_engine::Scope>,
    /// A name for people, such as the program that will hold it; with --staff the person's own
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub(crate) label: String,
    /// What its holder does, such as front_desk: a person without a role sends nothing but in an emergency
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<String>,
    /// You checked a second factor of the person, and it counts until then (RFC 3339)
    #[arg(long, value_name = "TIME", requires = "staff")]
    pub(crate) second_factor_until: Option<jiff::Timestamp>,
}

fn scope(text: &str) -> Result<postern_engine::Scope, String> {
    text.parse().map_err(|_| {
        let known: Vec<&str> = postern_engine::Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        format!("expected one of {}", known.join(", "))
    })
}

/// `postern serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen, instead of where the configuration says
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
}

/// `postern send`.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// The request, as in the body of POST /v1/messages; `-` = standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) request: PathBuf,
    /// The tenant, when the data directory holds several
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<postern_base::TenantId>,
    /// Decide only, and send nothing
    #[arg(long)]
    pub(crate) check: bool,
    /// The same key and request give the first answer again
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
}

/// `postern explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Case files; `-` = standard input
    #[arg(required = true, value_name = "CASE")]
    pub(crate) cases: Vec<PathBuf>,
    /// Draw rules that bear on nothing in the case too
    #[arg(long)]
    pub(crate) all: bool,
}

/// `postern scan`.
#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// Files and folders of JSON lines or plain text (one text a line); `-` = standard input, JSON lines
    #[arg(value_name = "PATH", default_value = "-")]
    pub(crate) paths: Vec<PathBuf>,
    /// Show the texts with what was found in them, also where standard output is no terminal: it then holds PHI
    #[arg(long)]
    pub(crate) text: bool,
    /// Exit with 1 when this is found
    #[arg(long, value_name = "WHAT")]
    pub(crate) fail_on: Option<FailOn>,
}

/// What a scan may fail on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Any text that is PHI
    Phi,
}

/// `postern verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// A checkpoint kept elsewhere: finds a copy that was rolled back
    #[arg(long, value_name = "FILE")]
    pub(crate) anchor: Option<PathBuf>,
    /// Also check the record of this message
    #[arg(long, value_name = "ID")]
    pub(crate) message: Option<postern_base::MessageId>,
    /// Also make every recorded decision again and compare; needs the root key in the data directory
    #[arg(long)]
    pub(crate) replay: bool,
}

/// `postern import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Bundles (collection, transaction, searchset), resources or NDJSON
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The tenant, when the data directory holds several
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<postern_base::TenantId>,
}

/// `postern template`.
#[derive(Debug, Args)]
pub(crate) struct Template {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: TemplateCommand,
    /// The tenant, when the data directory holds several
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) tenant: Option<postern_base::TenantId>,
}

/// What to do with templates. NAME is the version in use; NAME@VERSION is exactly that one.
#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// Every template, built-in and own, and where each version stands
    List,
    /// Print the file of a version
    Show {
        /// NAME or NAME@VERSION
        what: String,
    },
    /// Print a file to begin a template of your own with
    New {
        /// Its name; the name of a built-in template replaces that one
        name: String,
        /// What it is for
        #[arg(long)]
        purpose: postern_base::Purpose,
    },
    /// Say everything that keeps files from being saved, and exit with 1 when there is anything
    Check {
        /// Files, or folders of .toml files
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Save a file as a new version and ask that it be used
    Propose {
        /// The file
        file: PathBuf,
        /// Who asks
        #[command(flatten)]
        key: PersonKey,
    },
    /// Agree to what another person proposed: it is in use at once
    Approve {
        /// NAME@VERSION
        what: String,
        /// Who agrees
        #[command(flatten)]
        key: PersonKey,
    },
    /// What changed between two versions or files
    Diff {
        /// NAME, NAME@VERSION or a file
        older: String,
        /// NAME, NAME@VERSION or a file
        newer: String,
    },
    /// Every text with the longest values: length, segments, level, where it may travel
    Preview {
        /// NAME, NAME@VERSION or a file
        what: String,
    },
    /// Take a version out of use
    Retire {
        /// NAME@VERSION
        what: String,
        /// Who decides so
        #[command(flatten)]
        key: PersonKey,
    },
}

/// The key of the person who acts.
#[derive(Debug, Args)]
pub(crate) struct PersonKey {
    /// A file with the person's key [default: the variable POSTERN_API_KEY]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}
