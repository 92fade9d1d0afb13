//! `clusterdx rules`: the catalog, its checks and its samples.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::catalog::lint::{self, SampleFacts};
use crate::catalog::{Catalog, Problem};
use crate::guide;
use crate::pipeline::Diagnoser;
use crate::report::{layout, sanitize};
use crate::samples;

use super::args::{RulesAction, RulesArgs};
use super::failure::{Failure, Trouble, did_you_mean};
use super::{Exit, diagnose, print, say, settings};

/// Least columns for a title beside its id; with fewer it stands below.
const TITLE: usize = 30;

/// Lists or checks.
pub(super) fn run(args: &RulesArgs) -> Result<Exit, Failure> {
    diagnose::rules_folder(args.rules.as_deref())?;
    let catalog = match Catalog::load(args.rules.as_deref()) {
        Ok(catalog) => catalog,
        Err(problems) => return told(&problems),
    };
    match args.action {
        RulesAction::List => list(&catalog, args),
        RulesAction::Lint => lint_all(&catalog, args),
        RulesAction::Test => test(&catalog, args),
    }
}

fn list(catalog: &Catalog, args: &RulesArgs) -> Result<Exit, Failure> {
    let lang = settings::language(args.lang);
    let locale = settings::locale(catalog, lang);
    let rows: Vec<[String; 4]> = catalog
        .faults
        .iter()
        .map(|fault| {
            let severity = locale.word(match fault.severity {
                crate::model::report::Severity::Info => "severity.info",
                crate::model::report::Severity::Warning => "severity.warning",
                crate::model::report::Severity::Error => "severity.error",
                crate::model::report::Severity::Critical => "severity.critical",
            });
            [
                fault.id.clone(),
                severity.to_owned(),
                fault.status.to_string(),
                sanitize::line(&fault.title.general(lang)).into_owned(),
            ]
        })
        .collect();
    let widest = |at: usize| {
        rows.iter()
            .filter_map(|row| row.get(at))
            .map(|cell| layout::width(cell))
            .max()
            .unwrap_or(0)
    };
    let widths = [widest(0), widest(1), widest(2)];
    // what goes into a file or another program stays whole
    let width = settings::told_width().unwrap_or(usize::MAX);
    let lead = widths.iter().sum::<usize>() + 2 * widths.len();
    let beside = width.saturating_sub(lead) >= TITLE;
    let mut out = String::new();
    for [id, severity, status, title] in &rows {
        let [id_width, severity_width, status_width] = widths;
        let facts = format!(
            "{}  {}  {}",
            layout::pad(id, id_width),
            layout::pad(severity, severity_width),
            layout::pad(status, status_width)
        );
        let lines = if beside {
            vec![format!("{facts}  {title}")]
        } else {
            vec![facts, format!("  {title}")]
        };
        for line in lines {
            out.push_str(layout::shorten(&line, width).trim_end());
            out.push('\n');
        }
    }
    print(out.as_bytes())?;
    Ok(Exit::Clean)
}

fn lint_all(catalog: &Catalog, args: &RulesArgs) -> Result<Exit, Failure> {
    let facts = match samples_folder(args) {
        Some(folder) => match samples::discover(&folder) {
            Ok(samples) => samples::facts(&samples),
            Err(problems) => return told(&problems),
        },
        None => {
            say(
                "no folder with samples was found: samples are not checked; '--samples DIR' names it",
            );
            every_sample(catalog)
        }
    };
    let mut problems = lint::lint(catalog, &facts);
    problems.extend(guide::lint::lint(catalog));
    if args.rules.is_some() {
        let own = added(catalog);
        problems.retain(|problem| own.contains(problem.file.as_str()));
    }
    told(&problems)
}

/// Facts about samples that leave nothing to say about them.
fn every_sample(catalog: &Catalog) -> SampleFacts {
    let ids: BTreeSet<String> = catalog.faults.iter().map(|f| f.id.clone()).collect();
    SampleFacts {
        positive: ids.clone(),
        near_miss: ids,
    }
}

/// Ids of the rules that are not as they were built in. The others are not for this user to mend.
fn added(catalog: &Catalog) -> BTreeSet<&str> {
    let builtin = Catalog::builtin().unwrap_or_default();
    let faults = catalog
        .faults
        .iter()
        .filter(|fault| builtin.fault(&fault.id) != Some(*fault))
        .map(|fault| fault.id.as_str());
    let facts = catalog
        .facts
        .iter()
        .filter(|rule| !builtin.facts.contains(rule))
        .map(|rule| rule.id.as_str());
    let guides = catalog.guides.iter();
    let guides = guides.filter(|guide| !builtin.guides.contains(guide));
    let runbooks = catalog.runbooks.iter();
    let runbooks = runbooks.filter(|runbook| !builtin.runbooks.contains(runbook));
    let guides = guides.map(|guide| guide.id.as_str());
    let runbooks = runbooks.map(|runbook| runbook.id.as_str());
    faults.chain(facts).chain(guides).chain(runbooks).collect()
}

/// Prints problems as the result.
fn told(problems: &[Problem]) -> Result<Exit, Failure> {
    let mut out = String::new();
    for problem in problems {
        _ = writeln!(out, "{}", sanitize::line(&problem.to_string()));
        if !problem.near.is_empty() {
            _ = writeln!(
                out,
                "  help: {}",
                sanitize::line(&did_you_mean(&problem.near))
            );
        }
    }
    _ = match problems.len() {
        0 => writeln!(out, "no problems"),
        1 => writeln!(out, "1 problem"),
        many => writeln!(out, "{many} problems"),
    };
    print(out.as_bytes())?;
    Ok(if problems.is_empty() {
        Exit::Clean
    } else {
        Exit::Found
    })
}

fn test(catalog: &Catalog, args: &RulesArgs) -> Result<Exit, Failure> {
    let folder = samples_folder(args).ok_or_else(|| {
        Trouble::new("cannot find a folder with samples").help("name it with '--samples DIR'")
    })?;
    let samples = match samples::discover(&folder) {
        Ok(samples) => samples,
        Err(problems) => return told(&problems),
    };
    let diagnoser = Diagnoser::new(catalog).map_err(|error| diagnose::internal(&error))?;
    let mut failed = 0;
    for sample in &samples {
        let failures = samples::check(sample, &diagnoser);
        let mut out = String::new();
        let name = sanitize::line(&sample.name);
        if failures.is_empty() {
            _ = writeln!(out, "ok      {name}");
        } else {
            failed += 1;
            _ = writeln!(out, "FAILED  {name}");
            for failure in &failures {
                _ = writeln!(out, "        {}", sanitize::line(failure));
            }
        }
        // one after the other, so that a long run shows where it is
        print(out.as_bytes())?;
    }
    let unproved = samples::unproved(&samples, &diagnoser);
    let mut out = String::new();
    for clause in &unproved {
        _ = writeln!(out, "not in the samples: {}", sanitize::line(clause));
    }
    // the list tells clauses and signals apart by its words only
    let signals = unproved
        .iter()
        .filter(|entry| entry.contains(": signal '"))
        .count();
    _ = writeln!(
        out,
        "{}, {failed} failed; without proof: {}, {}",
        number(samples.len(), "sample"),
        number(unproved.len() - signals, "clause"),
        number(signals, "signal")
    );
    print(out.as_bytes())?;
    Ok(if failed == 0 {
        Exit::Clean
    } else {
        Exit::Found
    })
}

/// `1 clause`, `2 clauses`.
fn number(count: usize, word: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {word}{ending}")
}

/// The folder asked for, else `samples` in or beside the rules folder, else `samples` here.
fn samples_folder(args: &RulesArgs) -> Option<PathBuf> {
    if let Some(folder) = &args.samples {
        return Some(folder.clone());
    }
    let rules = args.rules.as_deref();
    let places = [
        rules.map(|rules| rules.join("samples")),
        rules
            .and_then(Path::parent)
            .map(|parent| parent.join("samples")),
        Some(PathBuf::from("samples")),
    ];
    places.into_iter().flatten().find(|folder| folder.is_dir())
}
