//! The runner against a database cluster in memory: what is sent, what is refused, and what is
//! left after a run that was killed after any record of its journal.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use clusterdx::agent::{AgentError, Answer, BoxFuture, ClusterAgent, Command, FailureKind, Output};
use clusterdx::catalog::Catalog;
use clusterdx::catalog::remedy::{Dialect, Expect, Identity};
use clusterdx::catalog::text::Lang;
use clusterdx::execute::{Connector, Consent, Journal, Observer, Operator, Progress};
use clusterdx::execute::{Runner, Settings, Stop};
use clusterdx::model::inventory::Inventory;
use clusterdx::model::journal::{Entry, Outcome, Record};
use clusterdx::model::look::Look;
use clusterdx::model::plan::{Plan, PlannedNode, Step, Task};
use clusterdx::pipeline::{Diagnoser, Job, Options, observe};
use clusterdx::plan::{basis, is_unchanged, plan};
use clusterdx::source::{Limits, select};
use serde::{Deserialize, Serialize};

const ADDRESSES: [&str; 3] = ["10.48.54.75", "10.48.54.76", "10.48.54.119"];

/// A cluster whose schema upgrade failed, kept in a file that outlives whoever is killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct World {
    primary: usize,
    error: bool,
    upgraded: bool,
    in_sync: bool,
    /// A node that shows an error of its own until it is cleared there.
    also: Option<usize>,
    /// The node knows only the older spelling.
    old_spelling: bool,
    /// Bytes that answers lack at their end.
    dropped: u64,
    /// Commands that change something, as they came: node and line.
    sent: Vec<(usize, String)>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            primary: 0,
            error: true,
            upgraded: false,
            in_sync: true,
            also: None,
            old_spelling: false,
            dropped: 0,
            sent: Vec::new(),
        }
    }
}

impl World {
    fn status(&self, me: usize) -> String {
        let mut text = String::new();
        let error = self.error || self.also == Some(me);
        if error {
            text.push_str("ERROR                    : Couldn't upgrade the schema\n");
        }
        let status = if error { "Error" } else { "Enabled" };
        text.push_str(&format!("Status                   : {status}\n\nNodes:\n"));
        for (at, address) in ADDRESSES.iter().enumerate() {
            let mark = if at == me { " (me)" } else { "" };
            let state = match (at == self.primary, self.in_sync) {
                (true, _) => "Connected Primary",
                (false, true) => "Connected Replica ( In Sync )",
                (false, false) => "Connected Replica",
            };
            text.push_str(&format!("    {address}{mark} : {state}\n"));
        }
        let in_use = ADDRESSES[self.primary];
        let result = if self.upgraded { "Success" } else { "Failed" };
        text.push_str(&format!(
            "Node in use              : {in_use}\n\nInterface                : a\n\n\
             Last command             : 'database cluster upgrade_schema' ({result})\n"
        ));
        text
    }

    fn run(&mut self, me: usize, line: &str) -> (Answer, String) {
        let clear = [
            "database cluster clear_error",
            "database cluster clear error",
        ];
        if line == "database cluster status" {
            return (Answer::Done, self.status(me));
        }
        self.sent.push((me, line.to_owned()));
        if self.old_spelling && line == clear[0] {
            return (Answer::Unknown, "Unknown command\n".to_owned());
        }
        if clear.contains(&line) {
            self.error = false;
            self.also = self.also.filter(|node| *node != me);
        } else if line == "database cluster upgrade_schema" {
            if me == self.primary && self.in_sync && !self.error {
                self.upgraded = true;
            } else {
                self.error = true;
            }
        } else {
            return (Answer::Unknown, "Unknown command\n".to_owned());
        }
        (Answer::Done, String::new())
    }

    fn times(&self, line: &str) -> usize {
        self.sent.iter().filter(|(_, sent)| sent == line).count()
    }
}

#[derive(Clone)]
struct Cluster {
    file: PathBuf,
    /// Which node answers where another is expected.
    swapped: bool,
}

impl Cluster {
    fn new(folder: &Path, world: &World) -> Self {
        let cluster = Self {
            file: folder.join("world.json"),
            swapped: false,
        };
        cluster.keep(world);
        cluster
    }

    fn world(&self) -> World {
        serde_json::from_slice(&fs::read(&self.file).unwrap()).unwrap()
    }

    fn keep(&self, world: &World) {
        fs::write(&self.file, serde_json::to_vec(world).unwrap()).unwrap();
    }
}

struct Node {
    cluster: Cluster,
    me: usize,
}

impl ClusterAgent for Node {
    fn run<'a>(
        &'a mut self,
        command: &'a Command,
        _: Instant,
    ) -> BoxFuture<'a, Result<Output, AgentError>> {
        let mut world = self.cluster.world();
        let (answer, text) = world.run(self.me, &command.line);
        let dropped = world.dropped;
        self.cluster.keep(&world);
        let output = Output {
            text,
            answer,
            dropped,
            confirmed: Vec::new(),
        };
        Box::pin(async { Ok(output) })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

impl Connector for Cluster {
    fn connect<'a>(
        &'a self,
        node: &'a PlannedNode,
        _: &'a Dialect,
        _: Instant,
    ) -> BoxFuture<'a, Result<Box<dyn ClusterAgent>, AgentError>> {
        let known = ADDRESSES
            .iter()
            .position(|address| *address == node.address);
        let me = known.map(|me| if self.swapped { (me + 1) % 3 } else { me });
        let cluster = self.clone();
        Box::pin(async move {
            let me = me.ok_or_else(|| AgentError {
                kind: FailureKind::Connect,
                what: "no such node".to_owned(),
                said: String::new(),
                help: String::new(),
                sent: false,
            })?;
            Ok(Box::new(Node { cluster, me }) as Box<dyn ClusterAgent>)
        })
    }
}

struct Reader(Catalog);

impl Observer for Reader {
    fn look(&self, expect: &Expect, answer: &str) -> Look {
        observe::look(&self.0, expect, answer)
    }

    fn identity(&self, identity: &Identity, answer: &str) -> Vec<String> {
        observe::identity(&self.0, identity, answer)
    }
}

/// Says yes until it is told to say no, and may kill the process.
#[derive(Default)]
struct Person {
    no_at: Option<&'static str>,
    kill_after: Option<usize>,
    records: Vec<Record>,
    asked: Vec<String>,
    warned: Vec<String>,
}

impl Operator for Person {
    fn consent<'a>(&'a mut self, _: &'a Task, step: &'a Step) -> BoxFuture<'a, Consent> {
        self.asked.push(step.id.clone());
        let line = step.run.as_deref().unwrap_or_default();
        let consent = match self.no_at == Some(line) {
            true => Consent::No,
            false => Consent::Yes,
        };
        Box::pin(async move { consent })
    }

    fn done_by_hand<'a>(&'a mut self, _: &'a Task, _: &'a Step) -> BoxFuture<'a, Consent> {
        Box::pin(async { Consent::Yes })
    }

    fn connecting(&mut self, _: &str) {}

    fn may_have_run(&mut self, step: &Step) {
        self.warned.push(step.id.clone());
    }

    fn recorded(&mut self, record: &Record) {
        self.records.push(record.clone());
        if self.kill_after == Some(self.records.len()) {
            let own = std::process::id().to_string();
            Process::new("kill").args(["-9", &own]).status().unwrap();
            unreachable!("a killed process goes on");
        }
    }

    fn waiting(&mut self, _: &str, _: &str) {}

    fn not_sent(&mut self, _: &Task, _: &Step) {}
}

fn inventory() -> Inventory {
    let nodes = ADDRESSES.iter().enumerate().map(|(at, address)| {
        serde_json::json!({
            "name": format!("cms{}", at + 1),
            "address": address,
            "agent": format!("ssh://admin@{address}:22"),
            "dialect": "cms-mmp",
        })
    });
    let clusters = serde_json::json!({"clusters": [
        {"name": "cms-lab", "product": "cms", "nodes": nodes.collect::<Vec<_>>()}
    ]});
    serde_json::from_value(clusters).unwrap()
}

/// What a diagnosis of the nodes' own status makes of the cluster.
fn planned(world: &World, folder: &Path, catalog: &Catalog) -> Plan {
    let logs = folder.join("logs");
    fs::create_dir_all(&logs).unwrap();
    for me in 0..ADDRESSES.len() {
        fs::write(logs.join(format!("status{me}.txt")), world.status(me)).unwrap();
    }
    let selection = select(&[logs.display().to_string()]).unwrap();
    let diagnoser = Diagnoser::new(catalog).unwrap();
    let job = Job {
        selection: &selection,
        limits: &Limits::default(),
        options: &Options::default(),
        progress: &|_| {},
        stop: &AtomicBool::new(false),
    };
    let report = diagnoser.run(job).unwrap();
    let inventory = inventory();
    let basis = basis(
        &report.clusters[0],
        &inventory.clusters[0],
        catalog.digest(),
    );
    plan(basis, catalog, Lang::En)
}

fn settings() -> Settings {
    Settings {
        command_timeout: Duration::from_secs(10),
        settle_timeout: Some(Duration::from_millis(50)),
        dry_run: false,
        pace: 1000,
    }
}

fn run(
    cluster: &Cluster,
    plan: &Plan,
    catalog: &Catalog,
    person: &mut Person,
    journal: Journal,
    before: Progress,
) -> Outcome {
    let reader = Reader(catalog.clone());
    let runner = Runner {
        plan,
        catalog,
        connector: cluster,
        observer: &reader,
        operator: person,
        journal,
        before,
        settings: settings(),
        stop: &Arc::new(Stop::default()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(runner.run()).unwrap()
}

fn mask() -> clusterdx::execute::Mask {
    Box::new(str::to_owned)
}

/// Runs a fresh plan of a world that may change between the diagnosis and the run.
fn fixed(before: &World, now: &World, person: &mut Person, swapped: bool) -> (Outcome, World) {
    let catalog = Catalog::builtin().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let plan = planned(before, folder.path(), &catalog);
    assert!(!plan.tasks.is_empty(), "{:?}", plan.refused);
    assert!(is_unchanged(&plan, &catalog, Lang::En));
    let mut cluster = Cluster::new(folder.path(), now);
    cluster.swapped = swapped;
    let journal = Journal::create(&folder.path().join("j.jsonl"), &plan, mask()).unwrap();
    let outcome = run(
        &cluster,
        &plan,
        &catalog,
        person,
        journal,
        Progress::default(),
    );
    (outcome, cluster.world())
}

#[test]
fn a_failed_schema_upgrade_is_cleared_and_repeated_on_the_primary() {
    let mut person = Person::default();
    let world = World::default();
    let (outcome, after) = fixed(&world, &world, &mut person, false);
    assert_eq!(outcome, Outcome::Done);
    assert!(after.upgraded && !after.error);
    let sent: Vec<&str> = after.sent.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(
        sent,
        [
            "database cluster clear_error",
            "database cluster upgrade_schema"
        ]
    );
    // the error is cleared where it shows, the schema upgraded where it can be written
    assert_eq!(after.sent[1].0, after.primary);
    assert_eq!(person.asked.len(), 2);
}

#[test]
fn what_shows_already_is_not_sent_again() {
    let world = World {
        also: Some(2),
        ..World::default()
    };
    let (outcome, after) = fixed(&world, &world, &mut Person::default(), false);
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(after.also, None);
    assert_eq!(
        after.times("database cluster upgrade_schema"),
        1,
        "{after:?}"
    );
}

#[test]
fn an_unknown_spelling_is_followed_by_the_other_one() {
    let world = World {
        old_spelling: true,
        ..World::default()
    };
    let (outcome, after) = fixed(&world, &world, &mut Person::default(), false);
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(after.sent[1].1, "database cluster clear error");
    assert!(after.upgraded);
}

#[test]
fn what_changed_since_the_diagnosis_is_seen_before_anything_is_sent() {
    let before = World::default();
    let moved = World {
        primary: 1,
        ..World::default()
    };
    let behind = World {
        in_sync: false,
        ..World::default()
    };
    for now in [moved, behind] {
        let (outcome, after) = fixed(&before, &now, &mut Person::default(), false);
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
        assert_eq!(after, now);
    }
    let mended = World {
        error: false,
        upgraded: true,
        ..World::default()
    };
    let (outcome, after) = fixed(&before, &mended, &mut Person::default(), false);
    assert_eq!(outcome, Outcome::Already);
    assert_eq!(after, mended);
}

#[test]
fn another_node_than_planned_gets_nothing() {
    let world = World::default();
    let (outcome, after) = fixed(&world, &world, &mut Person::default(), true);
    assert!(
        matches!(&outcome, Outcome::Refused(why) if why.contains("10.48.54.76")),
        "{outcome:?}"
    );
    assert_eq!(after, world);
}

#[test]
fn an_answer_that_was_cut_off_proves_nothing_about_what_it_lacks() {
    let now = World {
        dropped: 1,
        ..World::default()
    };
    let (outcome, world) = fixed(&World::default(), &now, &mut Person::default(), false);
    assert!(
        matches!(&outcome, Outcome::Refused(why) if why.contains("cannot be read")),
        "{outcome:?}"
    );
    assert_eq!(world.sent, []);
}

#[test]
fn a_name_that_two_nodes_share_proves_neither() {
    let catalog = Catalog::builtin().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut plan = planned(&World::default(), folder.path(), &catalog);
    // a report may give one address to two nodes
    plan.basis.nodes[1].also.push(ADDRESSES[0].to_owned());
    let cluster = Cluster::new(folder.path(), &World::default());
    let mut person = Person::default();
    let journal = Journal::create(&folder.path().join("j.jsonl"), &plan, mask()).unwrap();
    let outcome = run(
        &cluster,
        &plan,
        &catalog,
        &mut person,
        journal,
        Progress::default(),
    );
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    assert_eq!(cluster.world().sent, []);
}

/// The entries of a whole run.
fn entries(folder: &Path, plan: &Plan, catalog: &Catalog) -> Vec<Entry> {
    let cluster = Cluster::new(folder, &World::default());
    let path = folder.join("whole.jsonl");
    let journal = Journal::create(&path, plan, mask()).unwrap();
    let outcome = run(
        &cluster,
        plan,
        catalog,
        &mut Person::default(),
        journal,
        Progress::default(),
    );
    assert_eq!(outcome, Outcome::Done);
    Journal::resume(&path, mask()).unwrap().2
}

#[test]
fn what_was_mended_after_it_had_begun_is_seen_to_its_end_and_not_called_unchanged() {
    let catalog = Catalog::builtin().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let plan = planned(&World::default(), folder.path(), &catalog);
    let mut entries = entries(folder.path(), &plan, &catalog);
    let ended = |entry: &Entry| matches!(entry.record, Record::StepEnded { .. });
    let last = entries.iter().rposition(ended).unwrap();
    entries.truncate(last);
    let now = World {
        error: false,
        upgraded: true,
        ..World::default()
    };
    let cluster = Cluster::new(folder.path(), &now);
    let mut person = Person::default();
    let outcome = run(
        &cluster,
        &plan,
        &catalog,
        &mut person,
        Journal::nowhere(),
        Progress::of(&entries),
    );
    assert_eq!(
        outcome,
        Outcome::Done,
        "what was sent before was no nothing"
    );
    assert_eq!(cluster.world().sent, []);
    let after =
        |record: &Record| matches!(record, Record::Looked { step, .. } if step.contains("after"));
    let checks = person.records.iter().filter(|record| after(record)).count();
    assert!(checks >= plan.tasks[0].postchecks.len(), "{checks}");
}

#[test]
fn every_cut_of_a_journal_repeats_nothing_that_is_done_and_looks_before_it_warns() {
    let catalog = Catalog::builtin().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let plan = planned(&World::default(), folder.path(), &catalog);
    let entries = entries(folder.path(), &plan, &catalog);
    for cut in 0..=entries.len() {
        let (kept, _) = entries.split_at(cut);
        // whatever was announced, nothing of it reached a node
        let done = |step: &str| {
            kept.iter().any(|entry| {
                matches!(&entry.record, Record::StepEnded { step: ended, outcome: Outcome::Done } if ended == step)
            })
        };
        let announced: Vec<&str> = kept
            .iter()
            .filter_map(|entry| match &entry.record {
                Record::StepStarted { step, .. } => Some(step.as_str()),
                _ => None,
            })
            .collect();
        let cluster = Cluster::new(folder.path(), &World::default());
        let mut person = Person::default();
        run(
            &cluster,
            &plan,
            &catalog,
            &mut person,
            Journal::nowhere(),
            Progress::of(kept),
        );
        let mut looked = false;
        for record in &person.records {
            match record {
                Record::Looked { .. } => looked = true,
                Record::StepStarted { step, .. } => {
                    assert!(!done(step), "cut at {cut}: {step} again");
                    assert!(looked, "cut at {cut}: {step} was sent blindly");
                    let warned = person.warned.contains(step);
                    let may_have_run = announced.contains(&step.as_str());
                    assert_eq!(warned, may_have_run, "cut at {cut}: {step}");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_no_stops_before_the_step() {
    let mut person = Person {
        no_at: Some("database cluster upgrade_schema"),
        ..Person::default()
    };
    let world = World::default();
    let (outcome, after) = fixed(&world, &world, &mut person, false);
    assert_eq!(outcome, Outcome::Declined);
    assert_eq!(after.times("database cluster clear_error"), 1);
    assert_eq!(after.times("database cluster upgrade_schema"), 0);
}

#[test]
fn a_plan_that_was_changed_is_not_the_one_that_the_rules_make() {
    let catalog = Catalog::builtin().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut plan = planned(&World::default(), folder.path(), &catalog);
    let step = plan.tasks[0]
        .steps
        .iter_mut()
        .find(|step| step.run.is_some())
        .unwrap();
    step.run = Some("database cluster upgrade_schema".to_owned());
    assert!(!is_unchanged(&plan, &catalog, Lang::En));
}

#[test]
fn incidents_with_one_id_get_no_remedy() {
    let catalog = Catalog::builtin().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut basis = planned(&World::default(), folder.path(), &catalog).basis;
    let mut twin = basis.incidents[0].clone();
    let binding = serde_json::from_value(serde_json::json!({"type": "word", "value": "x"}));
    twin.bindings.insert("other".to_owned(), binding.unwrap());
    basis.incidents.push(twin);
    let id = basis.incidents[0].id.clone();
    let plan = plan(basis, &catalog, Lang::En);
    let served = |task: &Task| task.incidents.contains(&id);
    assert!(!plan.tasks.iter().any(served), "{:?}", plan.tasks);
    let refused = plan.refused.iter().filter(|refused| refused.incident == id);
    assert_eq!(refused.count(), 2, "{:?}", plan.refused);
}

/// The other half of the test below, in a process of its own.
#[test]
#[ignore = "started by the test of killed runs"]
fn is_killed() {
    let Some(folder) = variable("CLUSTERDX_TEST_FOLDER") else {
        return;
    };
    let folder = Path::new(&folder);
    let kill_after = variable("CLUSTERDX_TEST_KILL").and_then(|n| n.parse().ok());
    let catalog = Catalog::builtin().unwrap();
    let cluster = Cluster {
        file: folder.join("world.json"),
        swapped: false,
    };
    let plan: Plan = serde_json::from_slice(&fs::read(folder.join("plan.json")).unwrap()).unwrap();
    let journal = Journal::create(&folder.join("j.jsonl"), &plan, mask()).unwrap();
    let mut person = Person {
        kill_after,
        ..Person::default()
    };
    run(
        &cluster,
        &plan,
        &catalog,
        &mut person,
        journal,
        Progress::default(),
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a test hands values to its own child"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
fn a_run_killed_after_any_record_is_resumed_without_repeating_what_was_done() {
    let catalog = Catalog::builtin().unwrap();
    let mut killed = 0;
    for records in 1.. {
        let folder = tempfile::tempdir().unwrap();
        let plan = planned(&World::default(), folder.path(), &catalog);
        fs::write(
            folder.path().join("plan.json"),
            serde_json::to_vec(&plan).unwrap(),
        )
        .unwrap();
        let cluster = Cluster::new(folder.path(), &World::default());
        let child = Process::new(std::env::current_exe().unwrap())
            .args(["--exact", "is_killed", "--ignored"])
            .env("CLUSTERDX_TEST_FOLDER", folder.path())
            .env("CLUSTERDX_TEST_KILL", records.to_string())
            .output()
            .unwrap();
        if child.status.success() {
            break;
        }
        killed += 1;
        let (journal, again, entries) =
            Journal::resume(&folder.path().join("j.jsonl"), mask()).unwrap();
        assert_eq!(again, plan);
        let mut person = Person::default();
        let before = Progress::of(&entries);
        if before.is_over() {
            continue;
        }
        let outcome = run(&cluster, &plan, &catalog, &mut person, journal, before);
        let world = cluster.world();
        assert!(outcome.is_good(), "killed after {records}: {outcome:?}");
        assert!(
            world.upgraded && !world.error,
            "killed after {records}: {world:?}"
        );
        for line in [
            "database cluster clear_error",
            "database cluster upgrade_schema",
        ] {
            assert_eq!(world.times(line), 1, "killed after {records}: {line}");
        }
    }
    assert!(killed > 8, "only {killed} records");
}
