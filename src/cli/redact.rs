//! `clusterdx redact`: reads, learns, writes beside the output, checks, and only then gives it its
//! name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::catalog::Catalog;
use crate::model::report::Report;
use crate::pipeline::redact::compare::compare;
use crate::pipeline::redact::search::search;
use crate::pipeline::redact::{self as flow, Written};
use crate::pipeline::{Diagnoser, Job, Options};
use crate::redact::leak::Search;
use crate::redact::learn::Learner;
use crate::redact::text::Redactor;
use crate::redact::vocabulary::Vocabulary;
use crate::report::sanitize;
use crate::source::{self, Limits, Selection};

use super::args::RedactArgs;
use super::failure::{Failure, Trouble};
use super::progress::Progress;
use super::{Exit, diagnose, interrupt, print, reading, say, settings};

mod map_file;
mod places;
pub(super) mod report;
mod tree;

use places::{Places, Single};
use tree::Tree;

/// Reads, redacts, checks.
pub(super) fn run(args: &RedactArgs) -> Result<Exit, Failure> {
    let lang = settings::language(args.knowledge.lang);
    // what is wrong with paths is told before anything takes time
    source::select(&args.paths).map_err(|error| diagnose::unusable(&error))?;
    Places::new(&args.paths, &args.output, args.map.as_deref())?;
    let catalog = diagnose::catalog(&args.knowledge)?;
    let options = Options {
        threads: reading::threads(args.threads),
        ..reading::options(&args.clock, lang)?
    };
    let tools = Tools::new(&catalog)?;
    let map = match &args.map {
        Some(path) => path.clone(),
        None => map_file::fresh(&args.output)?,
    };
    let progress = Arc::new(Progress::new(0));
    let stop = interrupt::first({
        let progress = Arc::clone(&progress);
        move || {
            progress.clear();
            say("interrupted: nothing is left behind; Ctrl-C again ends at once");
        }
    });
    let task = Task {
        paths: &args.paths,
        output: &args.output,
        map: &map,
        tools: &tools,
        options: &options,
        stop: &stop,
    };
    let outcome = perform(&task)?;
    let locale = settings::locale(&catalog, lang);
    let map = map.display().to_string();
    match outcome {
        Outcome::Interrupted => Ok(Exit::Interrupted),
        Outcome::Refused(reasons) => {
            say(&format!("{}:", locale.word("redact.refused")));
            for reason in reasons {
                say(&format!("  {}", sanitize::line(&reason)));
            }
            say(&locale.fill("redact.removed", &[("map", &sanitize::line(&map))]));
            Ok(Exit::Failed)
        }
        Outcome::Done(written) => {
            let output = args.output.display().to_string();
            let text = told(
                &written,
                &locale,
                &sanitize::line(&output),
                &sanitize::line(&map),
            );
            print(text.as_bytes())?;
            Ok(Exit::Clean)
        }
    }
}

/// What is said of what was written.
fn told(written: &Written, locale: &crate::locale::Locale, output: &str, map: &str) -> String {
    let mut lines = vec![locale.fill("redact.written", &[("output", output)])];
    let counts = [
        ("redact.texts", written.texts),
        ("redact.captures", written.captures),
        ("redact.certificates", written.blocks.certificates),
        ("redact.emptied", written.blocks.emptied),
    ];
    for (key, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        lines.push(format!("  {}", locale.count(key, count, &[])));
    }
    for (name, why) in &written.left_out {
        let (name, why) = (sanitize::line(name), sanitize::line(why));
        lines.push(format!(
            "  {}",
            locale.fill("redact.left_out", &[("name", &name), ("why", &why)])
        ));
    }
    lines.push(locale.word("redact.checked").to_owned());
    lines.push(locale.fill("redact.map", &[("map", map)]));
    lines.push(String::new());
    lines.join("\n")
}

/// What is made ready once for any number of tasks.
#[derive(Debug)]
pub struct Tools<'c> {
    diagnoser: Diagnoser<'c>,
    learner: Learner,
}

impl<'c> Tools<'c> {
    /// By the rules, whose words are no names.
    ///
    /// # Errors
    /// When the rules are more than can be looked for.
    pub fn new(catalog: &'c Catalog) -> Result<Self, Failure> {
        let diagnoser = Diagnoser::new(catalog).map_err(|error| diagnose::internal(&error))?;
        let learner = learner(catalog)?;
        Ok(Self { diagnoser, learner })
    }

    /// The diagnoser.
    pub fn diagnoser(&self) -> &Diagnoser<'c> {
        &self.diagnoser
    }

    /// A learner that has learned nothing yet.
    pub fn learner(&self) -> Learner {
        self.learner.clone()
    }
}

/// A learner that knows the words of the rules.
pub(super) fn learner(catalog: &Catalog) -> Result<Learner, Failure> {
    let words = words(catalog);
    let vocabulary = Vocabulary::new(words.iter().map(String::as_str));
    Learner::new(vocabulary).map_err(internal)
}

fn internal(error: String) -> Failure {
    diagnose::internal(&anyhow::Error::msg(error))
}

/// What is to be redacted.
#[derive(Clone, Copy, Debug)]
pub struct Task<'t> {
    /// Files, folders, archives.
    pub paths: &'t [String],
    /// What must not exist yet.
    pub output: &'t Path,
    /// The map; read where it exists.
    pub map: &'t Path,
    /// What many tasks may share.
    pub tools: &'t Tools<'t>,
    /// How the diagnoses are made that are compared.
    pub options: &'t Options,
    /// Set from outside to stop.
    pub stop: &'t AtomicBool,
}

/// How it went.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is written and checked.
    Done(Written),
    /// A check failed; the output is gone. What differs or is left, one line each.
    Refused(Vec<String>),
    /// Somebody stopped it; the output is gone.
    Interrupted,
}

/// Redacts, checks, and leaves nothing behind unless both checks are passed.
///
/// # Errors
/// Wrong paths, and what cannot be written.
pub fn perform(task: &Task<'_>) -> Result<Outcome, Failure> {
    let selection = source::select(task.paths).map_err(|error| diagnose::unusable(&error))?;
    let places = Places::new(task.paths, task.output, Some(task.map))?;
    let limits = Limits::default();
    let job = job(task, &selection, &limits);
    let (original, mut learner) = flow::gather(&task.tools.diagnoser, job, task.tools.learner())
        .map_err(|error| diagnose::internal(&error))?;
    task.paths
        .iter()
        .for_each(|path| learner.line(path.as_bytes()));
    let map = map_file::load(task.map)?;
    let mut redactor = learner.finish(map).map_err(internal)?;
    map_file::save(task.map, redactor.map())?;
    let mut tree = Tree::new(task.output).map_err(|error| unwritable(task.output, &error))?;
    let keep = |name: &str, redactor: &mut Redactor| redactor.text(name) != name;
    let prefix = places.prefix(|name| keep(name, &mut redactor.clone()));
    let name = |origin: &crate::model::origin::Origin| places::relative(&prefix, origin.as_str());
    let written = flow::rewrite(job, &mut redactor, &name, &mut tree)
        .map_err(|error| unwritable(task.output, &error))?;
    map_file::save(task.map, redactor.map())?;
    let single = match places.single {
        Single::Plain if written.archives => Single::Archive,
        single => single,
    };
    let result = tree
        .shape(single, task.paths, task.output)
        .map_err(|error| unwritable(task.output, &error))?;
    if task.stop.load(Ordering::Relaxed) {
        return Ok(Outcome::Interrupted);
    }
    let reasons = check(task, &original, &result, redactor)?;
    if task.stop.load(Ordering::Relaxed) {
        return Ok(Outcome::Interrupted);
    }
    if !reasons.is_empty() {
        return Ok(Outcome::Refused(reasons));
    }
    tree.publish(&result, task.output)
        .map_err(|error| unwritable(task.output, &error))?;
    Ok(Outcome::Done(written))
}

fn job<'j>(task: &Task<'j>, selection: &'j Selection, limits: &'j Limits) -> Job<'j> {
    Job {
        selection,
        limits,
        options: task.options,
        progress: &|_| (),
        stop: task.stop,
    }
}

/// Every text of the rules.
fn words(catalog: &Catalog) -> Vec<String> {
    let mut words = Vec::new();
    // what cannot become a tree of plain data has no words
    if let Ok(tree) = serde_json::to_value(catalog) {
        collect(&tree, &mut words);
    }
    words
}

fn collect(tree: &serde_json::Value, words: &mut Vec<String>) {
    match tree {
        serde_json::Value::String(text) => words.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        serde_json::Value::Object(fields) => {
            for (key, item) in fields {
                words.push(key.clone());
                collect(item, words);
            }
        }
        _ => {}
    }
}

/// What differs, and what is left.
fn check(
    task: &Task<'_>,
    original: &Report,
    result: &Path,
    mut redactor: Redactor,
) -> Result<Vec<String>, Failure> {
    let paths = [result.display().to_string()];
    let selection = source::select(&paths).map_err(|error| diagnose::unusable(&error))?;
    let limits = Limits::default();
    let job = job(task, &selection, &limits);
    let redacted = task
        .tools
        .diagnoser
        .run(job)
        .map_err(|error| diagnose::internal(&error))?;
    let mut reasons = compare(original, &redacted, &mut redactor);
    let looking = Search::new(redactor).map_err(internal)?;
    for (name, leak) in search(job, &looking, &paths.concat()) {
        reasons.push(format!(
            "left in {name}, byte {}: a {} ({})",
            leak.at, leak.what, leak.form
        ));
    }
    Ok(reasons)
}

fn unwritable(output: &Path, error: &io::Error) -> Failure {
    Failure::write(&format!("'{}'", output.display()), error)
}

/// The folder that something stands in.
fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A path without links, also of what does not exist yet.
fn real(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let known = |at: &Path| fs::canonicalize(at).ok();
    for at in whole.ancestors() {
        if let Some(real) = known(at) {
            let rest = whole.strip_prefix(at).unwrap_or(Path::new(""));
            return real.join(rest);
        }
    }
    whole
}

fn refuse(error: impl Into<String>, cause: &str, help: &str) -> Failure {
    Trouble::new(error).cause(cause).help(help).into()
}
