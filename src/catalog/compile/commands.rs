//! Commands of remedies against the verbs of their dialects.

use std::collections::BTreeSet;

use super::super::fault::ValueType;
use super::super::remedy::{Dialect, Remedy, RemedyStep, Risk};
use super::super::{Catalog, near, text, yaml};
use super::{Problem, RuleFile};

/// Refuses what a dialect does not allow, checks that would change something, and changes of which
/// nobody could tell whether they had their effect.
pub(super) fn check(catalog: &Catalog, files: &[RuleFile], problems: &mut Vec<Problem>) {
    for remedy in &catalog.remedies {
        let dialect = catalog.dialects.iter().find(|d| d.id == remedy.dialect);
        let Some(dialect) = dialect else { continue };
        let mut seen = BTreeSet::new();
        for (command, message) in wrong(remedy, dialect) {
            if seen.insert((command, message.clone())) {
                problems.push(problem(remedy, dialect, command, message, files));
            }
        }
    }
    for dialect in &catalog.dialects {
        for identity in &dialect.identity {
            if !dialect.only_reads(&identity.run) {
                let message = format!(
                    "'{}' is none of the 'reads' of '{}'",
                    identity.run, dialect.id
                );
                problems.push(Problem::new(&dialect.id, message));
            }
        }
    }
}

/// What is wrong, with the command that it is about.
fn wrong<'r>(remedy: &'r Remedy, dialect: &Dialect) -> Vec<(&'r str, String)> {
    let mut found = Vec::new();
    let commands = |step: &'r RemedyStep| step.run.iter().chain(&step.or).map(String::as_str);
    for command in remedy.all_steps().flat_map(commands) {
        if !dialect.allows(command) {
            let message = format!("'{command}' is not a verb of dialect '{}'", dialect.id);
            found.push((command, message));
        }
        for place in text::placeholders(command) {
            let kind = place.split_once(':').map_or("", |(_, kind)| kind);
            if !is_typed(kind) && !dialect.words.contains_key(kind) {
                let message = format!(
                    "'{{{{{place}}}}}' has neither a type such as {{{{peer:address}}}} nor the name of a list in 'words' of dialect '{}'",
                    dialect.id
                );
                found.push((command, message));
            }
        }
    }
    let looks = remedy.skip_if.iter().chain(&remedy.prechecks);
    let looks = looks.chain(&remedy.postchecks);
    let effects = remedy.steps.iter().filter_map(|step| step.until.as_deref());
    for command in looks.chain(effects).flat_map(commands) {
        if !dialect.only_reads(command) {
            found.push((
                command,
                format!("a check only looks, and '{command}' may change something"),
            ));
        }
    }
    for step in &remedy.steps {
        let changes = commands(step).any(|command| !dialect.only_reads(command));
        let command = step.run.as_deref().unwrap_or_default();
        if changes && step.until.is_none() && !step.repeatable {
            let message =
                "a step that changes something says how that shows ('until'), or is 'repeatable'";
            found.push((command, message.to_owned()));
        }
        if changes && remedy.risk == Risk::Read {
            found.push((
                command,
                "a remedy of risk 'read' changes nothing".to_owned(),
            ));
        }
    }
    found
}

/// True for the types of values.
pub(super) fn is_typed(kind: &str) -> bool {
    ValueType::SENT.iter().any(|sent| sent.as_str() == kind)
}

fn problem(
    remedy: &Remedy,
    dialect: &Dialect,
    command: &str,
    message: String,
    files: &[RuleFile],
) -> Problem {
    let file = yaml_of(files, remedy, command);
    let mut problem = Problem::new(file.map_or(&remedy.id, |f| &f.path), message);
    if let Some((line, column)) = file.and_then(|f| yaml::locate(&f.text, &[command])) {
        (problem.line, problem.column) = (Some(line), Some(column));
    }
    let verbs = dialect.reads.iter().chain(&dialect.verbs);
    problem.near = near(command, verbs.map(String::as_str));
    problem
}

/// The file that holds the remedy and the command.
fn yaml_of<'f>(files: &'f [RuleFile], remedy: &Remedy, command: &str) -> Option<&'f RuleFile> {
    let own = |file: &&RuleFile| file.text.contains(&format!("id: {}\n", remedy.id));
    let with = |file: &&RuleFile| file.text.contains(command);
    files.iter().find(own).or_else(|| files.iter().find(with))
}
