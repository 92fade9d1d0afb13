//! `clusterdx lab run`: breaks a simulated cluster, collects, diagnoses, fixes and verifies.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::catalog::Catalog;
use crate::catalog::text::Lang;
use crate::execute::{Consent, Journal, Operator, Progress, Runner, Settings, Stop};
use crate::lab::{Expected, INVENTORY, Lab, LabOptions, Scenario};
use crate::locale::Locale;
use crate::model::journal::{Outcome, Record};
use crate::model::plan::{Plan, Step, Task};
use crate::model::report::{Cluster, DiagnosisRole, Report};
use crate::model::secret::Secret;
use crate::pipeline::Options;
use crate::plan::{basis, matches, plan};
use crate::report::sanitize;

use super::super::failure::{Failure, Trouble};
use super::super::fix::{Agents, Reader};
use super::super::inventory::{self, Loaded};
use super::super::{Exit, diagnose, print, reading};
use crate::agent::BoxFuture;

/// How many times faster than real the time of the cluster runs.
const SCALE: u32 = 40;
/// Longest wait for an effect.
const SETTLE: Duration = Duration::from_secs(20);

/// Between two collections.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Runs a scenario to its end.
///
/// # Errors
/// The simulated cluster cannot be started, or a file cannot be written.
pub(super) fn run(scenario: &'static Scenario) -> Result<Exit, Failure> {
    let catalog = Catalog::builtin().map_err(|error| diagnose::internal(&error))?;
    let folder = tempfile(scenario)?;
    let exit = Practice {
        scenario,
        catalog: &catalog,
        folder: &folder,
    }
    .run();
    // what cannot be removed lies in the folder for temporary files
    _ = std::fs::remove_dir_all(&folder);
    exit
}

/// A fresh folder of its own.
fn tempfile(scenario: &Scenario) -> Result<std::path::PathBuf, Failure> {
    let name = format!("clusterdx-{}-{}", scenario.name, std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir(&folder).map_err(|error| trouble(&error))?;
    Ok(folder)
}

fn trouble(error: &std::io::Error) -> Failure {
    Trouble::new("the lab cannot be set up")
        .because(error)
        .into()
}

struct Practice<'p> {
    scenario: &'static Scenario,
    catalog: &'p Catalog,
    folder: &'p Path,
}

impl Practice<'_> {
    fn run(&self) -> Result<Exit, Failure> {
        let options = LabOptions {
            time_scale: f64::from(SCALE),
            ..LabOptions::default()
        };
        let lab = Lab::start(self.scenario, &options).map_err(|error| trouble(&error))?;
        say(&format!("{}: {}", self.scenario.name, self.scenario.story));
        lab.write_inventory(self.folder)
            .map_err(|error| trouble(&error))?;
        let inventory = inventory::load(&self.folder.join(INVENTORY))?;
        let before = self.collected(&lab, "before")?;
        tell("found", &before);
        let (Some(found), Some(wanted)) = (
            before.clusters.iter().find(|found| fits(found, &inventory)),
            inventory.inventory.clusters.first(),
        ) else {
            say("the nodes of the cluster were not recognised");
            return Ok(Exit::Failed);
        };
        let plan = plan(
            basis(found, wanted, self.catalog.digest()),
            self.catalog,
            Lang::En,
        );
        let ended = self.fixed(&lab, &inventory, &plan)?;
        say(&format!("outcome: {}", ended.in_words));
        lab.settle(SETTLE);
        for harm in lab.truth().harm {
            say(&format!("harm was done: {harm}"));
        }
        let (right, after) = self.verified(&lab, &ended, &before)?;
        tell("left", &after);
        say(if right {
            "as expected"
        } else {
            "not as expected"
        });
        Ok(if right { Exit::Clean } else { Exit::Failed })
    }

    /// Collects again until the records show what is expected, for as long as that may take.
    fn verified(
        &self,
        lab: &Lab,
        ended: &Ended,
        before: &Report,
    ) -> Result<(bool, Report), Failure> {
        let end = Instant::now() + SETTLE;
        loop {
            let after = self.collected(lab, "after")?;
            let right = self.is_as_expected(lab, ended, before, &after);
            if right || !ended.repaired() || Instant::now() >= end {
                return Ok((right, after));
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// The diagnosis of what an engineer would collect now.
    fn collected(&self, lab: &Lab, name: &str) -> Result<Report, Failure> {
        let folder = self.folder.join(name);
        lab.collect(&folder).map_err(|error| trouble(&error))?;
        let paths = [folder.display().to_string()];
        reading::report(&paths, self.catalog, &Options::default())
    }

    fn fixed(&self, lab: &Lab, inventory: &Loaded, plan: &Plan) -> Result<Ended, Failure> {
        for refused in &plan.refused {
            say(&format!(
                "not planned: {}: {}",
                refused.fault, refused.because
            ));
        }
        let by_hand: Vec<&Task> = plan.tasks.iter().filter(|task| is_runbook(task)).collect();
        for task in &by_hand {
            say(&format!(
                "only a person can do this: {} ({})",
                task.title, task.node
            ));
        }
        if plan.tasks.is_empty() || !by_hand.is_empty() {
            return Ok(Ended::of_plan(plan, &by_hand));
        }
        for task in &plan.tasks {
            say(&format!("planned: {} on {}", task.remedy, task.node));
        }
        let secret = Secret::new(lab.password());
        let agents =
            Agents::new(&plan.basis.cluster, inventory, self.catalog)?.with_password(&secret);
        let journal = Journal::create(&self.folder.join("journal.jsonl"), plan, agents.mask());
        let journal = journal.map_err(|error| Trouble::new(error.to_string()))?;
        let reader = Reader(self.catalog);
        let stop = Arc::new(Stop::default());
        let runner = Runner {
            plan,
            catalog: self.catalog,
            connector: &agents,
            observer: &reader,
            operator: &mut Trainer,
            journal,
            before: Progress::default(),
            settings: Settings {
                command_timeout: SETTLE,
                settle_timeout: Some(SETTLE),
                dry_run: false,
                pace: SCALE,
            },
            stop: &stop,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| trouble(&error))?;
        let outcome = runtime
            .block_on(runner.run())
            .map_err(|error| trouble(&error))?;
        Ok(Ended::of_run(
            outcome,
            &Locale::new(&self.catalog.words, Lang::En.code()),
        ))
    }

    /// What diagnosis and run say has to agree with the scenario, and nothing may be harmed.
    fn is_as_expected(&self, lab: &Lab, ended: &Ended, before: &Report, after: &Report) -> bool {
        if !lab.truth().harm.is_empty() {
            return false;
        }
        let found = open(before).any(|fault| fault == self.scenario.fault);
        let right = match self.scenario.expected {
            Expected::Repaired { fault } => {
                ended.repaired() && open(after).all(|open| open != fault)
            }
            Expected::Refused { why } => ended.refused && ended.in_words.contains(why),
            Expected::NothingToDo => ended.outcome == Some(Outcome::Already),
        };
        found && right
    }
}

/// How the fix came out.
struct Ended {
    outcome: Option<Outcome>,
    refused: bool,
    in_words: String,
}

impl Ended {
    /// Nothing could be planned, or only what a person has to do.
    fn of_plan(plan: &Plan, by_hand: &[&Task]) -> Self {
        let reasons = plan.refused.iter().map(|refused| refused.because.clone());
        let advice = |task: &&Task| {
            let advice = task.advice.as_deref().unwrap_or_default();
            format!("{}: {}", task.title, advice.trim())
        };
        let reasons: Vec<String> = reasons.chain(by_hand.iter().map(advice)).collect();
        Self {
            outcome: None,
            refused: !reasons.is_empty(),
            in_words: reasons.join("; "),
        }
    }

    fn repaired(&self) -> bool {
        self.outcome == Some(Outcome::Done)
    }

    fn of_run(outcome: Outcome, locale: &Locale) -> Self {
        Self {
            refused: matches!(outcome, Outcome::Refused(_)),
            in_words: super::super::fix::in_words(&outcome, locale),
            outcome: Some(outcome),
        }
    }
}

/// True for a remedy of which nothing can be sent: it is read to a person.
fn is_runbook(task: &Task) -> bool {
    let changes = task
        .steps
        .iter()
        .any(|step| step.run.is_some() && step.changes());
    task.needs_a_person() && !changes
}

fn fits(found: &Cluster, inventory: &Loaded) -> bool {
    inventory
        .inventory
        .clusters
        .iter()
        .any(|wanted| matches(found, wanted))
}

/// Faults that are open and that nothing else explains.
fn open(report: &Report) -> impl Iterator<Item = &str> {
    let all = report
        .clusters
        .iter()
        .flat_map(|cluster| &cluster.diagnoses);
    let open = all.filter(|incident| !incident.cleared && incident.role == DiagnosisRole::Cause);
    open.map(|incident| incident.fault.as_str())
}

fn tell(word: &str, report: &Report) {
    let mut faults: Vec<&str> = open(report).collect();
    faults.sort_unstable();
    faults.dedup();
    let faults = if faults.is_empty() {
        "nothing".to_owned()
    } else {
        faults.join(", ")
    };
    say(&format!("{word}: {faults}"));
}

/// A line of the result. Nobody may be reading, which is no reason to stop.
fn say(text: &str) {
    let mut line = Vec::new();
    _ = writeln!(line, "{}", sanitize::line(text));
    _ = print(&line);
}

/// Agrees to everything: the cluster is a simulated one.
struct Trainer;

impl Operator for Trainer {
    fn consent<'a>(&'a mut self, _: &'a Task, step: &'a Step) -> BoxFuture<'a, Consent> {
        let command = step.run.as_deref().unwrap_or_default();
        say(&format!("{}> {command}   [{}]", step.node, step.risk));
        Box::pin(async { Consent::Yes })
    }

    fn done_by_hand<'a>(&'a mut self, _: &'a Task, step: &'a Step) -> BoxFuture<'a, Consent> {
        let text = step.manual.as_deref().unwrap_or_default();
        say(&format!("{}, by hand: {}", step.node, text.trim()));
        Box::pin(async { Consent::Yes })
    }

    fn connecting(&mut self, _: &str) {}

    fn may_have_run(&mut self, _: &Step) {}

    fn recorded(&mut self, record: &Record) {
        if let Record::Looked {
            step,
            node,
            command,
            look: Some(look),
            ..
        } = record
        {
            let word = if look.holds() {
                "as wanted"
            } else {
                "not as wanted"
            };
            say(&format!("{step} {node}> {command}: {word}"));
        }
    }

    fn waiting(&mut self, _: &str, _: &str) {}

    fn not_sent(&mut self, _: &Task, _: &Step) {}
}
