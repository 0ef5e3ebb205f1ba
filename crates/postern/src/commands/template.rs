//! `postern template`: the files a practice keeps, what is in use, and who agreed to it.

mod show;

use super::with_engine;
use crate::cli::{Global, Template, TemplateCommand};
use crate::environment;
use crate::exit::{Exit, Failure};
use crate::output;
use postern_base::TenantId;
use postern_engine::templates::{self, Template as Parsed, TemplateVersion};
use postern_engine::{Engine, Principal, UseError};
use postern_gate::Policy;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Runs the command.
pub(crate) fn run(global: &Global, args: &Template) -> Result<Exit, Failure> {
    let tenant = args.tenant.as_ref();
    match &args.command {
        TemplateCommand::New { name, purpose } => {
            let text = templates::skeleton(name, *purpose)
                .ok_or_else(|| Failure::Usage(format!("there is no built-in template for {purpose} to begin with")))?;
            std::io::stdout().lock().write_all(text.as_bytes())?;
            Ok(Exit::Done)
        }
        TemplateCommand::Check { paths } => check(global, paths),
        TemplateCommand::Preview { what } if is_file(what) => {
            let template = read(Path::new(what))?;
            show::preview(global, &templates::preview(&template, &Policy::default()))
        }
        TemplateCommand::Diff { older, newer } if is_file(older) && is_file(newer) => {
            show::diff(global, &templates::diff(&source(Path::new(older))?, &source(Path::new(newer))?))
        }
        _ => with_engine(global, tenant, |engine, tenant| async move { online(global, args, &engine, tenant).await }),
    }
}

/// What needs the data directory.
async fn online(global: &Global, args: &Template, engine: &Engine, tenant: TenantId) -> Result<Exit, Failure> {
    let system = Principal::system(tenant.clone());
    match &args.command {
        TemplateCommand::List => show::list(global, &engine.templates(&system).await.map_err(stopped)?),
        TemplateCommand::Show { what } => {
            let (name, version) = name_and_version(what)?;
            let found = engine.template(&system, name, version).await.map_err(stopped)?;
            show::one(global, &found)
        }
        TemplateCommand::Preview { what } => {
            let (name, version) = name_and_version(what)?;
            show::preview(global, &engine.preview_template(&system, name, version).await.map_err(stopped)?)
        }
        TemplateCommand::Diff { older, newer } => {
            let (older, newer) = (file_of(engine, &system, older).await?, file_of(engine, &system, newer).await?);
            show::diff(global, &templates::diff(&older, &newer))
        }
        TemplateCommand::Propose { file, key } => {
            let person = person(engine, &tenant, key.key_file.as_deref()).await?;
            let text = source(file)?;
            let drafted = match engine.draft_template(&person, &text).await {
                Err(UseError::Refused(problems)) => return show::problems(global, &[(file.clone(), problems)], 1),
                other => other.map_err(stopped)?,
            };
            let proposed = engine.propose_template(&person, &drafted.name, drafted.version).await.map_err(stopped)?;
            moved(global, &proposed)
        }
        TemplateCommand::Approve { what, key } => {
            let person = person(engine, &tenant, key.key_file.as_deref()).await?;
            let (name, version) = exactly(what)?;
            moved(global, &engine.approve_template(&person, name, version).await.map_err(stopped)?)
        }
        TemplateCommand::Retire { what, key } => {
            let person = person(engine, &tenant, key.key_file.as_deref()).await?;
            let (name, version) = exactly(what)?;
            moved(global, &engine.retire_template(&person, name, version).await.map_err(stopped)?)
        }
        TemplateCommand::New { .. } | TemplateCommand::Check { .. } => Ok(Exit::Done),
    }
}

/// Checks files and folders without a data directory, all problems at once.
fn check(global: &Global, paths: &[PathBuf]) -> Result<Exit, Failure> {
    let mut files = Vec::new();
    for path in paths {
        gather(path, &mut files)?;
    }
    if files.is_empty() {
        return Err(Failure::Usage("there is no .toml file to check there".into()));
    }
    files.sort();
    let mut found = Vec::new();
    let mut advice = Vec::new();
    for file in &files {
        match Parsed::parse(&source(file)?, 0) {
            Err(error) => found.push((file.clone(), vec![templates::Problem::unread(&error)])),
            Ok(template) => {
                let problems = [templates::check(&template, &Policy::default()), templates::check_override(&template)];
                advice.extend(templates::advise(&template).into_iter().map(|advice| (file.clone(), advice)));
                found.push((file.clone(), problems.concat()));
            }
        }
    }
    if !global.json {
        let mut out = std::io::stdout().lock();
        for (file, advice) in &advice {
            writeln!(out, "{}: advice: {advice}", file.display())?;
        }
    }
    found.retain(|(_, problems)| !problems.is_empty());
    show::problems(global, &found, files.len())
}

fn gather(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |why| Failure::Read { path: path.to_path_buf(), why };
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?.path();
        if entry.is_dir() || entry.extension().is_some_and(|ending| ending == "toml") {
            gather(&entry, files)?;
        }
    }
    Ok(())
}

fn is_file(what: &str) -> bool {
    Path::new(what).is_file()
}

fn source(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|why| Failure::Read { path: path.to_path_buf(), why })
}

fn read(path: &Path) -> Result<Parsed, Failure> {
    Parsed::parse(&source(path)?, 0).map_err(|why| Failure::Input { path: path.to_path_buf(), why })
}

/// `NAME` or `NAME@VERSION`.
fn name_and_version(what: &str) -> Result<(&str, Option<u32>), Failure> {
    match what.split_once('@') {
        None => Ok((what, None)),
        Some((name, version)) => {
            let version = version.parse().map_err(|_| Failure::Usage("expected NAME or NAME@VERSION".into()))?;
            Ok((name, Some(version)))
        }
    }
}

/// `NAME@VERSION`: what is agreed to must be named exactly.
fn exactly(what: &str) -> Result<(&str, u32), Failure> {
    match name_and_version(what)? {
        (name, Some(version)) => Ok((name, version)),
        (_, None) => Err(Failure::Usage("name the version: NAME@VERSION".into())),
    }
}

async fn file_of(engine: &Engine, system: &Principal, what: &str) -> Result<String, Failure> {
    if is_file(what) {
        return source(Path::new(what));
    }
    let (name, version) = name_and_version(what)?;
    let found = engine.template(system, name, version).await.map_err(stopped)?;
    Ok(found.source.unwrap_or_default())
}

/// The person whose key was given: two keys of two persons are what makes an approval one (RULES SYS-09).
pub(super) async fn person(engine: &Engine, tenant: &TenantId, key_file: Option<&Path>) -> Result<Principal, Failure> {
    let token = match key_file {
        Some(path) => Some(source(path)?),
        None => environment::api_key(),
    };
    let token = token.ok_or_else(|| {
        Failure::Usage(
            "give a staff member's key with --key-file FILE or in POSTERN_API_KEY; `postern key --staff` makes one"
                .into(),
        )
    })?;
    let record = engine.store().principal(postern_web::key::hash(token.trim())).await;
    let record = record.map_err(|error| Failure::Stopped(error.to_string()))?;
    record
        .as_ref()
        .and_then(Principal::from_record)
        .filter(|principal| principal.tenant == *tenant)
        .ok_or_else(|| Failure::Usage("this key is not known to this tenant, or was revoked".into()))
}

fn moved(global: &Global, version: &TemplateVersion) -> Result<Exit, Failure> {
    if global.json {
        output::json_line(version)?;
    } else {
        writeln!(std::io::stdout().lock(), "{}@{} is {} now", version.name, version.version, version.state)?;
    }
    Ok(Exit::Done)
}

fn stopped(error: UseError) -> Failure {
    match error {
        UseError::NotFound => {
            Failure::Usage("there is no such template or version: `postern template list` shows all".into())
        }
        UseError::Malformed(_)
        | UseError::NotAPerson
        | UseError::SamePerson
        | UseError::WrongState
        | UseError::Forbidden(_) => Failure::Usage(error.to_string()),
        other => Failure::Stopped(other.to_string()),
    }
}
