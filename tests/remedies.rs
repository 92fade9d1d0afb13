//! Every check of every remedy is held against answers of nodes: one in which it holds, one in which
//! it does not, and some that tell nothing. `answers/checks.yaml` says which are which.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clusterdx::catalog::Catalog;
use clusterdx::catalog::remedy::{Dialect, Expect, Holds, Remedy, RemedyStep};
use clusterdx::model::look::Look;
use clusterdx::pipeline::observe;

/// One check and the answers that were thought of for it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    dialect: String,
    run: String,
    /// The expectation as a plan prints it.
    expect: String,
    /// Values of a finding.
    #[serde(default)]
    values: BTreeMap<String, String>,
    /// Names of answers in which it holds.
    holds: Vec<String>,
    /// Names of answers in which it does not.
    fails: Vec<String>,
}

/// Dialect, command and expectation.
type Key = (String, String, String);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answers")
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join("checks.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

fn answer(dialect: &str, name: &str) -> String {
    let path = folder().join(dialect).join(format!("{name}.txt"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn words(expect: &Expect) -> String {
    let how = match expect.holds {
        Holds::Any => "any",
        Holds::All => "all",
        Holds::None => "none",
    };
    format!("{how}: {}", expect.written)
}

/// Every expectation of the rules with the commands whose answers are held against it.
fn checks(catalog: &Catalog) -> Vec<(Key, &Expect, &Remedy)> {
    let mut found = Vec::new();
    for remedy in &catalog.remedies {
        for step in remedy.all_steps() {
            let (Some(run), Some(expect)) = (&step.run, &step.expect) else {
                continue;
            };
            let key = (remedy.dialect.clone(), run.clone(), words(expect));
            found.push((key, expect, remedy));
        }
    }
    found
}

fn key(case: &Case) -> Key {
    (case.dialect.clone(), case.run.clone(), case.expect.clone())
}

fn dialect<'c>(catalog: &'c Catalog, id: &str) -> &'c Dialect {
    let found = catalog.dialects.iter().find(|dialect| dialect.id == id);
    found.unwrap_or_else(|| panic!("no dialect {id}"))
}

#[test]
fn every_check_has_answers_in_which_it_holds_and_in_which_it_does_not() {
    let catalog = Catalog::builtin().unwrap();
    let cases = cases();
    let listed: BTreeSet<Key> = cases.iter().map(key).collect();
    let wanted: BTreeSet<Key> = checks(&catalog).into_iter().map(|(key, ..)| key).collect();
    let missing: Vec<String> = wanted
        .difference(&listed)
        .map(|(dialect, run, expect)| {
            format!(
                "- {{dialect: {dialect}, run: '{run}', expect: '{}', holds: [], fails: []}}",
                expect.replace('\'', "''")
            )
        })
        .collect();
    assert!(
        missing.is_empty(),
        "without answers:\n{}",
        missing.join("\n")
    );
    let unused: Vec<&Key> = listed.difference(&wanted).collect();
    assert!(unused.is_empty(), "no such check: {unused:#?}");
    for case in &cases {
        let both = !case.holds.is_empty() && !case.fails.is_empty();
        assert!(both, "{:?} needs answers of both kinds", key(case));
    }
}

#[test]
fn checks_tell_the_answers_apart() {
    let catalog = Catalog::builtin().unwrap();
    let checks = checks(&catalog);
    let mut wrong = Vec::new();
    for case in cases() {
        let wanted = key(&case);
        let Some((_, expect, _)) = checks.iter().find(|(key, ..)| *key == wanted) else {
            continue;
        };
        let bound = expect
            .bound(&|name| case.values.get(name).cloned())
            .unwrap();
        let look = |name: &String| observe::look(&catalog, &bound, &answer(&case.dialect, name));
        for name in &case.holds {
            let seen = look(name);
            if !seen.holds() {
                wrong.push(format!("{name} should fit {wanted:?}: {seen:?}"));
            }
        }
        for name in &case.fails {
            let seen = look(name);
            if !matches!(seen, Look::DoesNot(_)) {
                wrong.push(format!("{name} should not fit {wanted:?}: {seen:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a node says when it does not answer the question.
const NOTHING: [&str; 6] = [
    "",
    "\n\n",
    "OK\n",
    "Unknown command\n",
    "Connection to the server was lost, please try again later\n",
    "No valid command entered\nExecuted command unsuccessfully\n",
];

#[test]
fn no_check_holds_in_an_answer_that_tells_nothing() {
    let catalog = Catalog::builtin().unwrap();
    for (key, expect, _) in checks(&catalog) {
        for nothing in NOTHING {
            let seen = observe::look(&catalog, expect, nothing);
            assert!(!seen.holds(), "{key:?} holds in {nothing:?}: {seen:?}");
        }
    }
}

/// The kind of an answer: the first word of its name.
fn kind(name: &str) -> &str {
    name.split('-').next().unwrap_or(name)
}

/// Nothing to be seen in the answer to another command proves nothing.
#[test]
fn no_check_holds_in_the_answer_to_another_command() {
    let catalog = Catalog::builtin().unwrap();
    let cases = cases();
    let found = checks(&catalog);
    let mut held = BTreeSet::new();
    for case in &cases {
        let own: BTreeSet<&str> = case
            .holds
            .iter()
            .chain(&case.fails)
            .map(|name| kind(name))
            .collect();
        let (_, expect, _) = found
            .iter()
            .find(|(known, ..)| *known == key(case))
            .unwrap();
        let of_dialect = cases.iter().filter(|other| other.dialect == case.dialect);
        let names: BTreeSet<&String> = of_dialect
            .flat_map(|other| other.holds.iter().chain(&other.fails))
            .collect();
        for name in names.into_iter().filter(|name| {
            !own.contains(kind(name)) && !own.contains(kind(&name.replacen("alarms", "alarm", 1)))
        }) {
            let seen = observe::look(&catalog, expect, &answer(&case.dialect, name));
            if seen.holds() {
                held.insert((key(case), name.clone()));
            }
        }
    }
    assert!(held.is_empty(), "{held:#?}");
}

#[test]
fn values_in_checks_are_those_that_commands_take() {
    let catalog = Catalog::builtin().unwrap();
    for (key, expect, remedy) in checks(&catalog) {
        let tests = expect.condition.iter().flatten();
        let values = tests.flat_map(|test| &test.values);
        for value in values.filter(|value| value.contains("{{")) {
            let commands = remedy.all_steps().filter_map(|step| step.run.as_deref());
            let name = value.trim_matches(['{', '}']);
            let typed = format!("{{{{{name}:");
            assert!(
                commands.into_iter().any(|run| run.contains(&typed)),
                "{key:?}: no command of {} takes {name}",
                remedy.id
            );
        }
    }
}

/// Names and addresses that nodes tell of themselves.
#[test]
fn dialects_tell_who_answers() {
    let catalog = Catalog::builtin().unwrap();
    let cases = [
        ("cms-mmp", 0, "status-primary", &["10.48.54.75"][..]),
        ("cms-mmp", 0, "status-replica", &["10.48.54.119"]),
        ("cms-mmp", 0, "status-connected-only", &[]),
        ("expressway-admin", 0, "config-hostname", &["expc01"]),
        ("expressway-admin", 0, "config-hostname-empty", &[]),
        ("expressway-admin", 1, "config-address", &["10.15.13.15"]),
        ("imp-admin", 0, "show-status", &["imp1a"]),
        ("imp-admin", 1, "show-network", &["10.60.1.11"]),
        ("imp-admin", 1, "show-network-dhcp", &["10.60.1.11"]),
        ("imp-admin", 0, "services", &[]),
    ];
    for (id, index, name, expected) in cases {
        let identity = dialect(&catalog, id).identity.get(index).unwrap();
        let told = observe::identity(&catalog, identity, &answer(id, name));
        assert_eq!(told, expected, "{name}");
    }
}

/// A line of an ordinary answer must not be taken for a failure or for an unknown command.
#[test]
fn ordinary_answers_hold_no_failure() {
    let catalog = Catalog::builtin().unwrap();
    for dialect in &catalog.dialects {
        let Ok(files) = std::fs::read_dir(folder().join(&dialect.id)) else {
            continue;
        };
        let patterns = dialect.failed.iter().chain(&dialect.unknown_command);
        let patterns: Vec<regex::Regex> = patterns.map(|p| regex::Regex::new(p).unwrap()).collect();
        for file in files {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for line in text.lines() {
                let hit = patterns.iter().find(|pattern| pattern.is_match(line));
                assert!(hit.is_none(), "{}: {line}: {hit:?}", path.display());
            }
        }
    }
}

#[test]
fn commands_that_failed_are_told() {
    let catalog = Catalog::builtin().unwrap();
    let cases = [
        ("cms-mmp", "Command failed: not the primary"),
        ("cms-mmp", "FAILURE: no database cluster"),
        ("expressway-admin", "ERROR: Command failed"),
        (
            "expressway-admin",
            "*r ForceConfigUpdateResult (status=Error):",
        ),
        ("imp-admin", "Executed command unsuccessfully"),
        ("imp-admin", "Request FAILED."),
    ];
    for (id, line) in cases {
        let mut failed = dialect(&catalog, id).failed.iter();
        let told = failed.any(|pattern| regex::Regex::new(pattern).unwrap().is_match(line));
        assert!(told, "{id}: {line}");
    }
}

/// What deletes data is never run without a person who has a backup.
#[test]
fn destructive_remedies_have_a_backup() {
    let catalog = Catalog::builtin().unwrap();
    for remedy in &catalog.remedies {
        if remedy.risk < clusterdx::catalog::remedy::Risk::Destructive {
            continue;
        }
        let words = |step: &RemedyStep| {
            let run = step.run.clone().unwrap_or_default();
            let manual = step.manual.as_ref().map(|text| text.en.clone());
            format!("{run} {}", manual.unwrap_or_default()).to_lowercase()
        };
        let mut steps = remedy.prechecks.iter().chain(&remedy.steps);
        let backup = steps.any(|step| {
            let words = words(step);
            words.contains("back up") || words.contains("backup")
        });
        assert!(backup, "{} has no backup", remedy.id);
    }
}

/// The spellings of the list are those of the product, so each has to be one of its services.
#[test]
fn services_are_those_that_lists_print() {
    let catalog = Catalog::builtin().unwrap();
    let listed = answer("imp-admin", "services");
    let words = dialect(&catalog, "imp-admin").words.get("service").unwrap();
    let known: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_once('[').map(|(name, _)| name.trim()))
        .collect();
    for name in words {
        assert!(known.contains(&name.as_str()), "{name} is in no list");
    }
}

/// What deletes, dissolves or resets is no command of a dialect, whatever a remedy says.
#[test]
fn what_destroys_is_never_sent() {
    let catalog = Catalog::builtin().unwrap();
    let cases = [
        ("cms-mmp", "database cluster remove"),
        ("cms-mmp", "database cluster join 10.48.54.75"),
        ("cms-mmp", "database cluster initialize"),
        ("cms-mmp", "database cluster certs none"),
        ("cms-mmp", "backup rollback before"),
        ("cms-mmp", "factory_reset full"),
        ("cms-mmp", "pcaps"),
        (
            "expressway-admin",
            "xConfiguration Alternates Peer 1 Address: \"\"",
        ),
        ("expressway-admin", "xConfiguration Alternates"),
        ("expressway-admin", "xConfiguration H323 Mode: Off"),
        ("expressway-admin", "xCommand DefaultValuesSet Level: 3"),
        ("expressway-admin", "xCommand FactoryReset"),
        ("expressway-root", "clusterdb_destroy_and_purge_data.sh"),
        ("expressway-root", "factory-reset"),
        ("imp-admin", "utils service stop Cisco XCP Router"),
        ("imp-admin", "utils service deactivate Cisco XCP Router"),
        ("imp-admin", "utils system restart"),
        ("imp-admin", "utils dbreplication reset all"),
        ("imp-admin", "file delete activelog epas/trace"),
    ];
    for (id, command) in cases {
        assert!(!dialect(&catalog, id).allows(command), "{id}: {command}");
    }
}

#[test]
fn what_changes_something_is_no_read() {
    let catalog = Catalog::builtin().unwrap();
    let cases = [
        ("cms-mmp", "database cluster clear_error", false),
        ("cms-mmp", "database cluster upgrade_schema", false),
        ("cms-mmp", "database cluster status", true),
        ("cms-mmp", "pcap a", true),
        ("expressway-admin", "xConfiguration H323 Mode: On", false),
        ("expressway-admin", "xConfiguration H323 Mode", true),
        ("expressway-admin", "xCommand ForceConfigUpdate", false),
        ("expressway-admin", "xCommand Boot", false),
        ("imp-admin", "utils ha fallback imp1a", false),
        ("imp-admin", "utils ha status DefaultCluster", true),
        ("imp-admin", "utils service restart Cisco Tomcat", false),
        ("imp-admin", "utils service list", true),
    ];
    for (id, command, reads) in cases {
        let dialect = dialect(&catalog, id);
        assert!(dialect.allows(command), "{id}: {command}");
        assert_eq!(dialect.only_reads(command), reads, "{id}: {command}");
    }
}

/// The remedies that need nobody at the keyboard but for consent.
const ON_THEIR_OWN: [&str; 18] = [
    "cms.db.clear-error",
    "cms.db.retry-schema-upgrade",
    "expressway.cluster.reboot-named-node",
    "expressway.cluster.restart-in-order",
    "expressway.cluster.restart-separated",
    "expressway.cluster.turn-on-h323",
    "expressway.key-file.force-update",
    "expressway.key-file.force-update-alone",
    "expressway.node.restart",
    "imp.chat.start-service",
    "imp.ha.fallback",
    "imp.ha.recover",
    "imp.ha.start-services",
    "imp.intercluster.relieve-agent",
    "imp.intercluster.restart-sync-agent",
    "imp.router.restart",
    "imp.service.start",
    "imp.service.start-failed-service",
];

#[test]
fn remedies_that_run_on_their_own_are_known_and_guarded() {
    let catalog = Catalog::builtin().unwrap();
    let automatic = |remedy: &&Remedy| !remedy.all_steps().any(|step| step.manual.is_some());
    let mut found: Vec<&Remedy> = catalog.remedies.iter().filter(automatic).collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    let ids: Vec<&str> = found.iter().map(|remedy| remedy.id.as_str()).collect();
    assert_eq!(ids, ON_THEIR_OWN);
    for remedy in found {
        let id = &remedy.id;
        assert!(!remedy.prechecks.is_empty(), "{id} checks nothing before");
        assert!(!remedy.postchecks.is_empty(), "{id} checks nothing after");
        for step in &remedy.steps {
            let words = step.why.is_some() || step.expect.is_some();
            assert!(words, "{id}: {:?} does not say why", step.run);
        }
    }
}
