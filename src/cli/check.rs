//! `clusterdx check`: asks a live system what is wrong with it and changes nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::catalog::text::Lang;
use crate::catalog::{Catalog, Release};
use crate::check::{self, Checked, Engine, Finding, Outcome, Question, Unable, Url};
use crate::locale::Locale;
use crate::model::check::{Check, CheckReport, SCHEMA, Target as Database};
use crate::model::report::{Tool, Verdict};
use crate::report::check::{write_json, write_text};

use super::args::{CheckArgs, CheckWhat, ExternalDbArgs, FailOnCheck};
use super::failure::{Failure, Trouble};
use super::output::Target;
use super::{Exit, diagnose, say, settings};

pub(super) mod password;

/// Time for each connection and answer where nothing else is said.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs the check that was asked for.
pub(super) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    match &args.what {
        CheckWhat::ExternalDb(args) => external_db(args),
    }
}

fn external_db(args: &ExternalDbArgs) -> Result<Exit, Failure> {
    let lang = settings::language(args.knowledge.lang);
    let catalog = diagnose::catalog(&args.knowledge)?;
    let url = Url::parse(&args.url).map_err(|error| {
        Trouble::new("the URL of '--url' cannot be used")
            .because(&error)
            .help("a URL is postgres://USER@HOST[:PORT]/DATABASE, oracle://HOST[:PORT] or sqlserver://HOST[:PORT]")
    })?;
    let release = args
        .release
        .as_deref()
        .map(|name| release(&catalog, name))
        .transpose()?;
    nodes(&args.both_nodes)?;
    let target = Target::new(args.output.as_deref(), &[])?;
    let roots = roots(&url)?;
    let password = match url.engine {
        Engine::Postgresql => password::known(&url, args.password_fd)?,
        Engine::Oracle | Engine::SqlServer => None,
    };
    let prompt = || password::asked(&url);
    let question = Question {
        url: &url,
        password,
        prompt: &prompt,
        roots: roots.as_deref(),
        nodes: &args.both_nodes,
        release,
        releases: &catalog.releases,
        limit: args.timeout.or(url.connect_timeout).unwrap_or(LIMIT),
    };
    let checked = check::external_database(question).map_err(|error| unable(&error))?;

    let exit = exit(&checked, args.fail_on);
    let report = report(&checked, &url, release, &catalog, lang);
    let locale = settings::locale(&catalog, lang);
    let to_screen = matches!(target, Target::Standard);
    let colour = to_screen && settings::colour();
    target.write(|out| match args.format.as_str() {
        "json" => write_json(&report, out),
        _ => write_text(&report, &locale, settings::width(), colour, out),
    })?;
    Ok(exit)
}

fn unable(error: &Unable) -> Failure {
    Trouble::new("the check cannot begin").because(error).into()
}

fn release<'c>(catalog: &'c Catalog, name: &str) -> Result<&'c Release, Failure> {
    let found = catalog.releases.iter().find(|release| release.is(name));
    found.ok_or_else(|| {
        let known = catalog.releases.iter().map(|r| r.release.as_str());
        let known: Vec<&str> = known.collect();
        Trouble::new(format!(
            "nothing is known about release '{name}' of IM and Presence"
        ))
        .help(format!("known releases: {}", known.join(", ")))
        .into()
    })
}

fn nodes(nodes: &[String]) -> Result<(), Failure> {
    if nodes.iter().any(|node| node.trim().is_empty()) {
        return Err(Trouble::new("'--both-nodes' has an empty name")
            .help("give two names or addresses with a comma between them")
            .into());
    }
    if nodes.len() > 2 {
        return Err(Trouble::new("'--both-nodes' has more than two names")
            .help("a redundancy group has two nodes; check one group at a time")
            .into());
    }
    Ok(())
}

/// The authorities that are trusted: of the file that the URL names, else of the one that libpq
/// takes, where a verification is wanted.
fn roots(url: &Url) -> Result<Option<Vec<u8>>, Failure> {
    let path = match &url.sslrootcert {
        Some(path) => PathBuf::from(path),
        None if url.sslmode.verifies() => match settings::home() {
            Some(home) => home.join(".postgresql/root.crt"),
            None => return Err(unread(Path::new("~/.postgresql/root.crt"), None)),
        },
        None => return Ok(None),
    };
    fs::read(&path)
        .map(Some)
        .map_err(|error| unread(&path, Some(&error)))
}

fn unread(path: &Path, error: Option<&io::Error>) -> Failure {
    let trouble = Trouble::new(format!(
        "cannot read the trusted authorities from '{}'",
        path.display()
    ));
    let trouble = match error {
        Some(error) => trouble.because(error),
        None => trouble,
    };
    trouble
        .help("name a file of certificates in PEM form by 'sslrootcert=FILE' in the URL")
        .into()
}

/// A server that said nothing that can be judged leaves nothing to claim.
fn exit(checked: &Checked, fail_on: FailOnCheck) -> Exit {
    let found = |outcome| {
        checked
            .findings
            .iter()
            .any(|f: &Finding| f.outcome == outcome)
    };
    let fails = match fail_on {
        FailOnCheck::Warning => found(Outcome::Warning) || found(Outcome::Problem),
        FailOnCheck::Problem => found(Outcome::Problem),
        FailOnCheck::Never => false,
    };
    match (checked.reached, fails) {
        (false, _) => Exit::Incomplete,
        (true, true) => Exit::Found,
        (true, false) => Exit::Clean,
    }
}

fn report(
    checked: &Checked,
    url: &Url,
    release: Option<&Release>,
    catalog: &Catalog,
    lang: Lang,
) -> CheckReport {
    let locale = settings::locale(catalog, lang);
    CheckReport {
        schema: SCHEMA.to_owned(),
        tool: Tool {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rules_digest: catalog.digest().to_owned(),
        },
        check: "external-db".to_owned(),
        target: Database {
            engine: url.engine.as_str().to_owned(),
            host: url.host.clone(),
            port: url.port,
            address: checked.address.map(|address| address.ip().to_string()),
            database: url.database.clone(),
            user: url.user.clone(),
            version: checked.version.clone(),
            tls: checked.tls,
            release: release.map(|release| release.release.clone()),
        },
        verdict: verdict(checked),
        checks: checked
            .findings
            .iter()
            .map(|finding| in_words(finding, &locale))
            .collect(),
    }
}

fn verdict(checked: &Checked) -> Verdict {
    let found = |outcome| checked.findings.iter().any(|f| f.outcome == outcome);
    if found(Outcome::Problem) || found(Outcome::Warning) {
        Verdict::Faulty
    } else if found(Outcome::Unknown) || !checked.reached {
        Verdict::Insufficient
    } else {
        Verdict::Healthy
    }
}

fn in_words(finding: &Finding, locale: &Locale) -> Check {
    let places: Vec<(&str, &str)> = finding
        .places
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let below = |part: &str| locale.fill_known(&format!("{}.{part}", finding.key), &places);
    Check {
        id: finding.id.to_owned(),
        about: finding.about.clone(),
        outcome: finding.outcome,
        title: locale.word(&format!("checked.{}", finding.id)).to_owned(),
        summary: locale.fill(finding.key, &places),
        meaning: below("means"),
        mend: below("mend"),
        statements: finding.statements.clone(),
        evidence: finding.evidence.clone(),
    }
}

/// Warns of what is better not done.
fn warn(text: &str) {
    say(&format!("warning: {text}"));
}
