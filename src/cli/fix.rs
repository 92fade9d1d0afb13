//! `clusterdx fix`: runs a plan step by step.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::catalog::remedy::{Expect, Identity, Risk};
use crate::execute::{self, Held, Journal, JournalError, Lock, LockError, Observer, Progress};
use crate::execute::{Runner, Settings, Stop};
use crate::locale::Locale;
use crate::model::journal::Outcome;
use crate::model::look::Look;
use crate::model::plan::{Plan, Task};
use crate::model::report::Verdict;
use crate::pipeline::observe;
use crate::report::plan::short;

use super::args::FixArgs;
use super::failure::{Failure, Trouble};
use super::inventory::Loaded;
use super::{Exit, ask, diagnose, interrupt, inventory, plan, planned, print, say, settings};

mod connector;
mod operator;
mod told;

pub(super) use connector::Agents;
use operator::Terminal;
pub(super) use operator::in_words;

/// What is to be run, and what is known of it.
struct Job {
    plan: Arc<Plan>,
    /// Where the journal is, or will be.
    path: PathBuf,
    journal: Journal,
    before: Progress,
    lock: Option<Lock>,
}

/// Answers are read by the parsers of a diagnosis.
pub(super) struct Reader<'c>(pub(super) &'c Catalog);

impl Observer for Reader<'_> {
    fn look(&self, expect: &Expect, answer: &str) -> Look {
        observe::look(self.0, expect, answer)
    }

    fn identity(&self, identity: &Identity, answer: &str) -> Vec<String> {
        observe::identity(self.0, identity, answer)
    }
}

/// Plans, asks, runs, tells.
pub(super) fn run(args: &FixArgs) -> Result<Exit, Failure> {
    let catalog = diagnose::catalog(&args.planned.knowledge)?;
    let inventory = inventory::load(&args.planned.inventory)?;
    let report = told::target(args)?;
    let plan = wanted(args, &inventory, &catalog)?;
    let locale = settings::locale(&catalog, settings::language(args.planned.knowledge.lang));
    shown(&plan, args, &locale)?;
    if plan.tasks.is_empty() {
        return Ok(nothing_to_run(&plan));
    }
    consented(&plan, args)?;
    let agents = Agents::new(&plan.basis.cluster, &inventory, &catalog)?;
    let job = prepared(plan, args, &agents)?;
    let (plan, path) = (Arc::clone(&job.plan), job.path.clone());
    let ended = executed(args, &catalog, &agents, job, &locale);
    if let Some(report) = report {
        // how the run came out counts more than whether that could be told
        let told = report.write(&plan, &path, args, &catalog);
        return ended.and_then(|exit| told.map(|()| exit));
    }
    ended
}

/// Shows the plan. Where nobody reads it nothing is run, which is no success unless nothing was to
/// be run.
fn shown(plan: &Plan, args: &FixArgs, locale: &Locale) -> Result<(), Failure> {
    match print(&plan::text(plan, locale)) {
        Err(failure) if failure.is_broken_pipe() && !args.dry_run => {
            Err(Trouble::new("the plan cannot be shown")
                .cause("standard output was closed")
                .help("nothing was run; let the output be read to its end")
                .into())
        }
        result => result,
    }
}

/// The plan: of the journal that is resumed, else of what was given.
fn wanted(args: &FixArgs, inventory: &Loaded, catalog: &Catalog) -> Result<Plan, Failure> {
    let Some(path) = &args.resume else {
        return planned::plan(&args.paths, &args.planned, inventory, catalog);
    };
    let plan = Journal::plan_of(path).map_err(|error| unusable(&error))?;
    planned::check(&plan, &planned::shown(path), inventory, catalog)?;
    Ok(plan)
}

/// The plan with its journal and the lock of its cluster.
fn prepared(plan: Plan, args: &FixArgs, agents: &Agents) -> Result<Job, Failure> {
    let plan = Arc::new(plan);
    if args.dry_run {
        return Ok(Job {
            plan,
            path: PathBuf::new(),
            journal: Journal::nowhere(),
            before: Progress::default(),
            lock: None,
        });
    }
    let path = match &args.resume {
        Some(path) => path.canonicalize().unwrap_or_else(|_| path.clone()),
        None => new_journal(&plan)?,
    };
    let lock = locked(&plan, &path)?;
    let opened = match args.resume {
        Some(_) => Journal::resume(&path, agents.mask())
            .map(|(journal, _, entries)| (journal, Progress::of(&entries))),
        None => Journal::create(&path, &plan, agents.mask())
            .map(|journal| (journal, Progress::default())),
    };
    let (journal, before) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            if args.resume.is_none() {
                // nothing was sent, so nobody has to resume anything
                _ = lock.release();
            }
            return Err(unusable(&error));
        }
    };
    Ok(Job {
        plan,
        path,
        journal,
        before,
        lock: Some(lock),
    })
}

/// Refuses a plan that needs somebody who is not there, before anything is contacted.
fn consented(plan: &Plan, args: &FixArgs) -> Result<(), Failure> {
    if args.dry_run {
        return Ok(());
    }
    let refused = |cause: String, help: &str| -> Failure {
        Trouble::new("the plan is refused")
            .cause(cause)
            .help(help)
            .into()
    };
    if args.yes {
        let help = "leave out '--yes' and answer on a terminal";
        for task in &plan.tasks {
            let what = format!("remedy {} ('{}')", task.number, task.title);
            if task.risk >= Risk::Disruptive {
                let cause = format!("{what} is {}, which '--yes' does not consent to", task.risk);
                return Err(refused(cause, help));
            }
            if task.needs_a_person() {
                return Err(refused(
                    format!("{what} has steps that only a person can do"),
                    help,
                ));
            }
            // where sources spell a command in two ways, both are tried
            let both = task.steps.iter().any(|step| step.or.is_some());
            if let Some(disputed) = task.disputed.as_ref().filter(|_| !both) {
                return Err(refused(format!("{what} is disputed: {disputed}"), help));
            }
        }
        return Ok(());
    }
    let asks = plan.tasks.iter().flat_map(Task::all_steps);
    let asks = asks
        .filter(|step| step.changes() || step.manual.is_some())
        .count()
        > 0;
    if asks && !ask::is_possible() {
        return Err(refused(
            "its steps have to be agreed to, and standard input is no terminal".to_owned(),
            "run it on a terminal, only look by '--dry-run', or agree to everything harmless by '--yes'",
        ));
    }
    Ok(())
}

/// Nothing is open, or nothing of it can be planned.
fn nothing_to_run(plan: &Plan) -> Exit {
    if !plan.basis.incidents.is_empty() {
        say("nothing of this can be mended here; no node was contacted");
        return Exit::Usage;
    }
    if plan.basis.verdict == Verdict::Healthy {
        say("nothing is broken; no node was contacted");
        return Exit::Clean;
    }
    say(
        "nothing that is broken was found, but not everything could be read; no node was contacted",
    );
    Exit::Failed
}

fn executed(
    args: &FixArgs,
    catalog: &Catalog,
    agents: &Agents,
    job: Job,
    locale: &Locale,
) -> Result<Exit, Failure> {
    let Job {
        plan,
        path,
        journal,
        before,
        lock,
    } = job;
    if lock.is_some() {
        say(&format!("journal: {}", path.display()));
    }
    if before.is_over() {
        say("the run came to its end; nothing is left to resume");
    }
    let stop = Arc::new(Stop::default());
    watch(&stop);
    let mut terminal = Terminal::new(
        Arc::clone(&plan),
        Arc::clone(&stop),
        args.yes,
        &before,
        locale.clone(),
    );
    let reader = Reader(catalog);
    let runner = Runner {
        plan: &plan,
        catalog,
        connector: agents,
        observer: &reader,
        operator: &mut terminal,
        journal,
        before,
        settings: Settings {
            command_timeout: args.command_timeout,
            settle_timeout: args.settle_timeout,
            dry_run: args.dry_run,
            pace: 1,
        },
        stop: &stop,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Trouble::new("cannot begin").because(&error))?;
    let outcome = runtime.block_on(runner.run()).map_err(|error| {
        Trouble::new(format!("cannot write the journal '{}'", path.display()))
            .because(&error)
            .help("nothing was sent after that; make room and go on by '--resume'")
    })?;
    let mut text = Vec::new();
    // memory takes everything
    _ = terminal.summary(&mut text);
    if !args.dry_run {
        _ = writeln!(text, "\n{}", last_words(&outcome, &path, locale));
    }
    if let Some(lock) = lock {
        lock.release().map_err(|error| {
            Trouble::new("cannot give back the lock of the cluster").because(&error)
        })?;
    }
    // how it came out counts, whoever reads it
    match print(&text) {
        Err(failure) if !failure.is_broken_pipe() => return Err(failure),
        _ => {}
    }
    Ok(match exit(&outcome, &terminal, &plan) {
        Exit::Clean if !args.dry_run && terminal.leaves_open() => Exit::Failed,
        exit => exit,
    })
}

fn watch(stop: &Arc<Stop>) {
    let stop = Arc::clone(stop);
    _ = interrupt::first(move || {
        say(
            "interrupted: the step in flight is finished or written down as unknown; Ctrl-C again ends at once",
        );
        stop.stop();
    });
}

fn last_words(outcome: &Outcome, path: &Path, locale: &Locale) -> String {
    match outcome {
        Outcome::Done => locale.word("run.look_again").to_owned(),
        outcome if outcome.is_good() => locale.word("run.unchanged").to_owned(),
        outcome => {
            let ended = in_words(outcome, locale);
            let ended = locale.fill("run.early", &[("outcome", &ended)]);
            let path = path.display();
            let command = format!("clusterdx fix --resume {path} --inventory FILE");
            let go_on = locale.fill("run.go_on", &[("command", &command)]);
            format!("{ended}\n{go_on}")
        }
    }
}

fn exit(outcome: &Outcome, terminal: &Terminal, plan: &Plan) -> Exit {
    match outcome {
        Outcome::Done | Outcome::Already | Outcome::Skipped(_) if plan.refused.is_empty() => {
            Exit::Clean
        }
        Outcome::Declined => Exit::Declined,
        Outcome::Interrupted => Exit::Interrupted,
        Outcome::Refused(_) if !terminal.has_sent() => Exit::Usage,
        _ => Exit::Failed,
    }
}

/// Where a new journal goes; the one of an earlier run of the same plan is kept.
fn new_journal(plan: &Plan) -> Result<PathBuf, Failure> {
    let trouble = || Trouble::new("there is no place for a journal");
    let folder = settings::state_folder().ok_or_else(|| {
        trouble().help("set HOME or XDG_STATE_HOME to a folder that can be written")
    })?;
    execute::folder(&folder).map_err(|error| {
        trouble()
            .because(&error)
            .cause(folder.display().to_string())
    })?;
    let name = format!("{}-{}", plan.basis.cluster, short(&plan.id));
    let mut path = folder.join(format!("{name}.jsonl"));
    let mut number = 2;
    while path.exists() {
        path = folder.join(format!("{name}-{number}.jsonl"));
        number += 1;
    }
    Ok(path)
}

fn locked(plan: &Plan, journal: &Path) -> Result<Lock, Failure> {
    let folder = journal.parent().unwrap_or(Path::new("."));
    let path = folder.join(format!("{}.lock", plan.basis.cluster));
    let held = Held {
        pid: process::id(),
        since: execute::now(),
        journal: journal.to_owned(),
    };
    Lock::take(&path, &held).map_err(|error| busy(&error))
}

fn busy(error: &LockError) -> Failure {
    let trouble = Trouble::new(error.to_string());
    match error {
        LockError::Busy(by) => {
            let by = by.as_ref().map_or_else(
                || "nobody can tell who".to_owned(),
                |by| {
                    format!(
                        "process {} since {}, journal '{}'",
                        by.pid,
                        by.since,
                        by.journal.display()
                    )
                },
            );
            trouble.cause(by).help("wait for its end").into()
        }
        LockError::Stale(left, path) => trouble
            .cause(format!(
                "process {} since {} is gone; a command that it sent may have run",
                left.pid, left.since
            ))
            .help(format!(
                "go on with it: clusterdx fix --resume {} --inventory FILE",
                left.journal.display()
            ))
            .help(format!(
                "or, once you have looked at the nodes yourself, remove '{}'",
                path.display()
            ))
            .into(),
        LockError::Io(..) => trouble.because(error).into(),
    }
}

fn unusable(error: &JournalError) -> Failure {
    let trouble = Trouble::new(error.to_string());
    match std::error::Error::source(error) {
        Some(cause) => trouble.because(cause).into(),
        None => trouble.into(),
    }
}
