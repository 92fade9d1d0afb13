//! `plan`, `fix` and `lab run` against simulated clusters, through the stock OpenSSH of this
//! machine and on a terminal.

#![cfg(feature = "lab")]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clusterdx::catalog::Catalog;
use clusterdx::catalog::remedy::Remedy;
use clusterdx::lab::{Lab, LabOptions, Manner, SCENARIOS, scenario};
use tempfile::TempDir;

#[path = "common/tmux.rs"]
mod tmux;
use tmux::Terminal;

const PROGRAM: &str = env!("CARGO_BIN_EXE_clusterdx");

/// A running lab, what was collected from it, and a home of its own for the program.
struct Bench {
    lab: Lab,
    folder: TempDir,
    /// How often a password was typed on the terminal.
    typed: Cell<usize>,
}

impl Bench {
    fn new(name: &str) -> Self {
        Self::with(
            name,
            &LabOptions {
                time_scale: 200.0,
                ..LabOptions::default()
            },
        )
    }

    fn with(name: &str, options: &LabOptions) -> Self {
        let lab = Lab::start(scenario(name).unwrap(), options).unwrap();
        let folder = TempDir::new().unwrap();
        lab.write_inventory(folder.path()).unwrap();
        // the same with passwords that are handed over
        let inventory = fs::read_to_string(folder.path().join("inventory.yaml")).unwrap();
        let handed = inventory.replace("dialect:", "password: {fd: 3}, dialect:");
        fs::write(folder.path().join("handed.yaml"), handed).unwrap();
        fs::write(
            folder.path().join("password"),
            format!("{}\n", lab.password()),
        )
        .unwrap();
        lab.collect(&folder.path().join("before")).unwrap();
        Self {
            lab,
            folder,
            typed: Cell::new(0),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with these words, and the password on descriptor 3.
    fn command(&self, words: &str) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("exec '{PROGRAM}' {words} 3<password")])
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, words: &str) -> Output {
        self.command(words).output().unwrap()
    }

    /// Commands that changed something, in their order.
    fn changes(&self) -> Vec<String> {
        let looks = [
            "status",
            "xStatus",
            "xConfiguration",
            "list",
            "show",
            "exit",
            "version",
        ];
        let sent = self.lab.sent().into_iter().map(|sent| sent.line);
        let changing = sent.filter(|line| !looks.iter().any(|word| line.contains(word)));
        changing.filter(|line| !line.trim().is_empty()).collect()
    }

    fn journals(&self) -> Vec<PathBuf> {
        let Ok(found) = fs::read_dir(self.path("state/clusterdx")) else {
            return Vec::new();
        };
        let paths = found.flatten().map(|entry| entry.path());
        paths
            .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
            .collect()
    }
}

fn text(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}\n{}", String::from_utf8_lossy(&output.stderr))
}

#[test]
fn every_scenario_ends_as_it_says() {
    let names: Mutex<Vec<&str>> = Mutex::new(
        SCENARIOS
            .iter()
            .flat_map(|of| of.iter())
            .map(|one| one.name)
            .collect(),
    );
    assert!(names.lock().unwrap().len() >= 15);
    let wrong = Mutex::new(Vec::new());
    let proved = Mutex::new(BTreeSet::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(name) = names.lock().unwrap().pop() else {
                        return;
                    };
                    let done = Command::new(PROGRAM)
                        .args(["lab", "run", name])
                        .output()
                        .unwrap();
                    if done.status.code() != Some(0) {
                        wrong
                            .lock()
                            .unwrap()
                            .push(format!("{name}:\n{}", text(&done)));
                    }
                    let told = text(&done);
                    if told.contains("outcome: done and verified") {
                        let planned = told.lines().filter_map(|l| l.strip_prefix("planned: "));
                        let remedies = planned.filter_map(|l| l.split_once(" on "));
                        let remedies = remedies.map(|(id, _)| id.to_owned());
                        proved.lock().unwrap().extend(remedies);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // what runs without a person has mended a cluster here
    let catalog = Catalog::builtin().unwrap();
    let alone = |of: &&Remedy| !of.all_steps().any(|step| step.manual.is_some());
    let alone = catalog.remedies.iter().filter(alone);
    let mut alone: BTreeSet<String> = alone.map(|of| of.id.clone()).collect();
    let proved = proved.into_inner().unwrap();
    alone.retain(|id| !proved.contains(id));
    assert_eq!(alone, BTreeSet::new(), "no scenario proves these");
}

#[test]
fn yes_mends_what_only_changes_and_a_second_look_finds_nothing() {
    let bench = Bench::new("cms-schema-upgrade");
    let refused = bench.run("fix before --inventory handed.yaml --yes --report page.txt");
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    let done = bench.run("fix before --inventory handed.yaml --yes --report page.html");
    assert_eq!(done.status.code(), Some(0), "{}", text(&done));
    let page = fs::read_to_string(bench.path("page.html")).unwrap();
    for told in [
        "done and verified",
        "Before and after",
        "database cluster upgrade_schema",
        "Journal",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert_eq!(
        bench.changes(),
        [
            "database cluster clear_error",
            "database cluster upgrade_schema"
        ]
    );
    let journals = bench.journals();
    let journal = fs::read_to_string(&journals[0]).unwrap();
    let first: serde_json::Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    assert_eq!(first["schema"], "clusterdx.journal/1");
    assert!(
        text(&done).contains(&journals[0].display().to_string()),
        "{}",
        text(&done)
    );
    assert!(
        !bench
            .path("state/clusterdx/cms-schema-upgrade.lock")
            .exists()
    );

    bench.lab.collect(&bench.path("after")).unwrap();
    let again = bench.run("fix after --inventory handed.yaml --yes");
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert_eq!(bench.changes().len(), 2, "{}", text(&again));
}

#[test]
fn a_plan_and_a_report_are_as_good_as_logs() {
    let bench = Bench::new("cms-node-error");
    let planned = bench.run("plan before --inventory handed.yaml --output plan.json");
    assert_eq!(planned.status.code(), Some(0), "{}", text(&planned));
    let report = bench.run("diagnose before --format json --output report.json");
    assert_eq!(report.status.code(), Some(1), "{}", text(&report));
    let same = bench.run("plan report.json --inventory handed.yaml --output plan2.json");
    assert_eq!(same.status.code(), Some(0), "{}", text(&same));
    let read = |name: &str| fs::read_to_string(bench.path(name)).unwrap();
    assert_eq!(read("plan.json"), read("plan2.json"));
    assert_eq!(bench.lab.sent(), Vec::new(), "a plan contacts nobody");
    let done = bench.run("fix plan.json --inventory handed.yaml --yes");
    assert_eq!(done.status.code(), Some(0), "{}", text(&done));

    let changed = read("plan.json").replace("clear_error", "upgrade_schema");
    fs::write(bench.path("changed.json"), changed).unwrap();
    let refused = bench.run("fix changed.json --inventory handed.yaml --yes");
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    // with other ways to the nodes the plan is not the one that was agreed to
    let other = bench.run("fix plan.json --inventory inventory.yaml --cluster x --yes");
    assert_ne!(other.status.code(), Some(0), "{}", text(&other));
}

#[test]
fn a_plan_sends_the_same_in_every_language() {
    let bench = Bench::new("cms-schema-upgrade");
    let told = |lang: &str| {
        let words = format!("plan before --inventory inventory.yaml --lang {lang}");
        let done = bench.run(&words);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done));
        text(&done)
    };
    let commands = |told: &str| -> Vec<String> {
        let lines = told.lines().filter_map(|line| line.split_once("> "));
        lines.map(|(_, command)| command.to_owned()).collect()
    };
    let english = told("en");
    assert!(commands(&english).len() > 8, "{english}");
    for (lang, word) in [("ko", "먼저 확인하고"), ("pt-BR", "primeiro, e a execução")] {
        let other = told(lang);
        assert_eq!(commands(&other), commands(&english), "{other}");
        assert!(other.contains(word), "{other}");
        assert!(!other.contains("wanted: "), "{other}");
    }
}

#[test]
fn a_dry_run_looks_and_sends_nothing() {
    let bench = Bench::new("cms-schema-upgrade");
    let done = bench.run("fix before --inventory handed.yaml --dry-run");
    assert_eq!(done.status.code(), Some(0), "{}", text(&done));
    assert_eq!(bench.changes(), Vec::<String>::new());
    assert!(!bench.lab.sent().is_empty(), "the checks are real");
    assert!(bench.journals().is_empty());
    assert!(
        text(&done).contains("database cluster upgrade_schema"),
        "{}",
        text(&done)
    );
}

#[test]
fn what_yes_does_not_consent_to_is_refused_before_anything_is_contacted() {
    for name in [
        "expressway-restart-in-order",
        "expressway-force-config-update",
    ] {
        let bench = Bench::new(name);
        let done = bench.run("fix before --inventory handed.yaml --yes");
        assert_eq!(done.status.code(), Some(2), "{}", text(&done));
        assert_eq!(bench.lab.sent(), Vec::new());
        let done = bench.run("fix before --inventory handed.yaml");
        assert_eq!(done.status.code(), Some(2), "no terminal: {}", text(&done));
        assert_eq!(bench.lab.sent(), Vec::new());
        assert!(bench.journals().is_empty());
    }
}

#[test]
fn unknown_host_keys_and_wrong_passwords_stop_before_the_first_command() {
    let bench = Bench::new("cms-schema-upgrade");
    let known = fs::read_to_string(bench.path("known_hosts")).unwrap();
    fs::write(bench.path("known_hosts"), "").unwrap();
    let done = bench.run("fix before --inventory handed.yaml --yes");
    assert_eq!(done.status.code(), Some(4), "{}", text(&done));
    assert!(text(&done).contains("host key"), "{}", text(&done));
    assert_eq!(fs::read_to_string(bench.path("known_hosts")).unwrap(), "");
    fs::write(bench.path("known_hosts"), known).unwrap();
    fs::write(bench.path("password"), "wrong\n").unwrap();
    let done = bench.run("fix before --inventory handed.yaml --yes");
    assert_eq!(done.status.code(), Some(4), "{}", text(&done));
    assert_eq!(bench.lab.sent(), Vec::new());
}

#[test]
fn no_file_no_output_and_no_process_shows_a_password() {
    let password = "Zq7-secret-that-nobody-else-has";
    let options = LabOptions {
        time_scale: 100.0,
        password: Some(password.to_owned()),
        ..LabOptions::default()
    };
    let bench = Bench::with("cms-schema-upgrade", &options);
    let over = AtomicBool::new(false);
    let (done, seen) = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = Vec::new();
            while !over.load(Ordering::SeqCst) {
                seen.extend(processes_that_show(password));
                thread::sleep(Duration::from_millis(5));
            }
            seen
        });
        let done = bench.run("fix before --inventory handed.yaml --yes");
        over.store(true, Ordering::SeqCst);
        (done, watcher.join().unwrap())
    });
    assert_eq!(done.status.code(), Some(0), "{}", text(&done));
    assert_eq!(seen, Vec::<String>::new());
    assert!(!text(&done).contains(password));
    let mut files = Vec::new();
    all_files(bench.folder.path(), &mut files);
    for file in files.iter().filter(|file| !file.ends_with("password")) {
        let bytes = fs::read(file).unwrap();
        assert!(
            !String::from_utf8_lossy(&bytes).contains(password),
            "{}",
            file.display()
        );
    }
}

/// Processes whose arguments or environment hold a text.
fn processes_that_show(wanted: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        for name in ["cmdline", "environ"] {
            let text = fs::read(entry.path().join(name)).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            if text.contains(wanted) {
                found.push(text);
            }
        }
    }
    found
}

fn all_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => all_files(&entry.path(), found),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

/// Waits until something is there, for as long as a slow machine may need.
fn until(mut there: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !there() {
        assert!(Instant::now() < end, "it never came");
        thread::sleep(Duration::from_millis(5));
    }
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A run of `fix` in a cluster whose time is slow enough for the upgrade to be under way when the
/// run is stopped.
fn slow_upgrade() -> (Bench, Child) {
    let options = LabOptions {
        time_scale: 4.0,
        ..LabOptions::default()
    };
    let bench = Bench::with("cms-schema-upgrade", &options);
    let child = bench
        .command("fix before --inventory handed.yaml --yes")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (bench, child)
}

#[test]
fn a_killed_run_is_explained_and_resumed() {
    let (bench, mut child) = slow_upgrade();
    until(|| {
        bench
            .changes()
            .iter()
            .any(|line| line.contains("upgrade_schema"))
    });
    kill(&mut child);
    let journal = bench.journals()[0].display().to_string();

    let refused = bench.run("fix before --inventory handed.yaml --yes");
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains(&journal), "{}", text(&refused));

    let resumed = bench.run(&format!(
        "fix --resume {journal} --inventory handed.yaml --yes"
    ));
    assert_eq!(resumed.status.code(), Some(0), "{}", text(&resumed));
    let changes = bench.changes();
    let upgrades = changes
        .iter()
        .filter(|line| line.contains("upgrade_schema"))
        .count();
    assert_eq!(upgrades, 1, "{changes:?}\n{}", text(&resumed));
}

#[test]
fn ctrl_c_while_an_effect_is_awaited_is_written_down_and_resumed() {
    let (bench, mut child) = slow_upgrade();
    let upgrades = || {
        let sent = bench.changes();
        sent.iter()
            .filter(|line| line.contains("upgrade_schema"))
            .count()
    };
    until(|| upgrades() == 1);
    let pid = child.id().to_string();
    let told = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(told.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let journal = bench.journals()[0].clone();
    let last = fs::read_to_string(&journal).unwrap();
    assert!(
        last.lines().last().unwrap().contains("interrupted"),
        "{last}"
    );

    let journal = journal.display();
    let resumed = bench.run(&format!(
        "fix --resume {journal} --inventory handed.yaml --yes"
    ));
    assert_eq!(resumed.status.code(), Some(0), "{}", text(&resumed));
    assert_eq!(upgrades(), 1, "{}", text(&resumed));
}

/// A lab in which the first node misbehaves.
fn with_manner(manner: Manner) -> Bench {
    let options = LabOptions {
        time_scale: 200.0,
        manners: vec![("cms1".to_owned(), manner)],
        ..LabOptions::default()
    };
    Bench::with("cms-schema-upgrade", &options)
}

#[test]
fn a_node_that_misbehaves_while_it_is_looked_at_gets_nothing() {
    let status = || "database cluster status".to_owned();
    let healthy =
        "Status : Enabled\r\nLast command : 'database cluster upgrade_schema' (Success)\r\n";
    for (manner, code) in [
        (Manner::Hang { command: status() }, 4),
        (Manner::Close { command: status() }, 4),
        (
            Manner::Flood {
                command: status(),
                bytes: 100 << 20,
            },
            4,
        ),
        (
            Manner::Question {
                command: status(),
                text: "Are you really sure?".to_owned(),
            },
            4,
        ),
        (
            Manner::Chatter {
                command: status(),
                text: format!("{healthy}cms1> "),
            },
            0,
        ),
        (Manner::NoPrompt, 4),
        (Manner::ChangedKey, 4),
        (Manner::OtherAlgorithm, 4),
    ] {
        let bench = with_manner(manner.clone());
        let done = bench.run("fix before --inventory handed.yaml --yes --command-timeout 3s");
        let ended = done.status.code().unwrap();
        // what chatters may be understood in the end, but is never taken for healed
        assert!(
            ended == code || ended == 2 || ended == 4,
            "{manner:?}: {}",
            text(&done)
        );
        if code == 4 {
            assert_eq!(ended, 4, "{manner:?}: {}", text(&done));
            assert_eq!(bench.changes(), Vec::<String>::new(), "{manner:?}");
        } else {
            let mended = bench
                .changes()
                .iter()
                .any(|line| line.contains("upgrade_schema"));
            assert_eq!(ended == 0, mended, "{manner:?}: {}", text(&done));
        }
        assert!(!text(&done).contains('\x1b'), "{manner:?}");
    }
}

#[test]
fn a_command_without_an_answer_may_have_run_and_is_not_repeated_blindly() {
    let command = "database cluster clear_error".to_owned();
    for manner in [
        Manner::Hang {
            command: command.clone(),
        },
        Manner::Close {
            command: command.clone(),
        },
    ] {
        let bench = with_manner(manner.clone());
        let done = bench.run("fix before --inventory handed.yaml --yes --command-timeout 2s");
        assert_eq!(done.status.code(), Some(4), "{manner:?}: {}", text(&done));
        assert!(
            text(&done).contains("may have run"),
            "{manner:?}: {}",
            text(&done)
        );
        let journal = fs::read_to_string(&bench.journals()[0]).unwrap();
        assert!(journal.contains("\"unknown\""), "{journal}");
    }
}

#[test]
fn whoever_stops_reading_changes_neither_the_run_nor_its_end() {
    let bench = Bench::new("cms-schema-upgrade");
    // a pipe whose reader is gone at the first line of what happens
    let line = format!(
        "{{ '{PROGRAM}' fix before --inventory handed.yaml --yes 3<password; echo $? >code; }} | sed '/connected to/q' >/dev/null"
    );
    let done = Command::new("sh")
        .args(["-c", &line])
        .current_dir(bench.folder.path())
        .env("HOME", bench.folder.path())
        .env("XDG_STATE_HOME", bench.path("state"))
        .output()
        .unwrap();
    let code = fs::read_to_string(bench.path("code")).unwrap();
    assert_eq!(code.trim(), "0", "{}", text(&done));
    assert_eq!(bench.changes().len(), 2, "{}", text(&done));
    let lock = bench.path("state/clusterdx/cms-schema-upgrade.lock");
    assert!(!lock.exists(), "a run that ended holds no lock");
}

#[test]
fn without_a_place_for_a_journal_nothing_is_sent_and_nothing_is_left() {
    let bench = Bench::new("cms-node-error");
    fs::write(bench.path("file"), "").unwrap();
    let words = "fix before --inventory handed.yaml --yes";
    let done = bench
        .command(words)
        .env("XDG_STATE_HOME", bench.path("file"))
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(2), "{}", text(&done));
    assert!(
        text(&done).contains("error: there is no place for a journal"),
        "{}",
        text(&done)
    );
    assert_eq!(bench.lab.sent(), Vec::new());
    // as long as a file may be, shorter than a plan: the disk is full in the middle of a line
    let done = Command::new("bash")
        .args([
            "-c",
            &format!("trap '' XFSZ; ulimit -f 1; exec '{PROGRAM}' {words} 3<password"),
        ])
        .current_dir(bench.folder.path())
        .env("HOME", bench.folder.path())
        .env("XDG_STATE_HOME", bench.path("state"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(2), "{}", text(&done));
    assert!(
        text(&done).contains("cannot use the journal"),
        "{}",
        text(&done)
    );
    assert_eq!(bench.lab.sent(), Vec::new());
    assert_eq!(bench.journals(), Vec::<PathBuf>::new());
    let done = bench.run(words);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done));
}

#[test]
fn a_password_in_an_inventory_is_shown_nowhere() {
    let bench = Bench::new("cms-node-error");
    let handed = fs::read_to_string(bench.path("handed.yaml")).unwrap();
    for (name, bad) in [
        (
            "agent",
            handed.replacen("ssh://admin@", "ssh://admin:hunter2@", 1),
        ),
        ("value", handed.replacen("{fd: 3}", "hunter2", 1)),
    ] {
        assert!(bad.contains("hunter2"), "{handed}");
        fs::write(bench.path("bad.yaml"), bad).unwrap();
        for words in ["plan before --output p.json", "fix before --dry-run"] {
            let done = bench.run(&format!("{words} --inventory bad.yaml"));
            assert_eq!(done.status.code(), Some(2), "{name}: {}", text(&done));
            assert!(!text(&done).contains("hunter2"), "{name}: {}", text(&done));
            assert!(!bench.path("p.json").exists(), "{name}");
        }
    }
}

/// `fix` on a terminal, with the password typed at ssh's own prompt.
fn on_terminal(bench: &Bench, terminal: &Terminal) {
    let folder = bench.folder.path().display();
    terminal.run(&format!(
        "fix {folder}/before --inventory {folder}/inventory.yaml"
    ));
}

/// Answers ssh's questions for passwords until something else is asked.
fn until_asked(bench: &Bench, terminal: &Terminal, wanted: &str) -> String {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let text = terminal.text();
        if text.contains(wanted) {
            return text;
        }
        if text.matches("Password:").count() > bench.typed.get() {
            bench.typed.set(bench.typed.get() + 1);
            terminal.type_line(bench.lab.password());
        }
        assert!(Instant::now() < end, "'{wanted}' did not appear:\n{text}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_person_says_yes_at_every_step() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    let bench = Bench::new("cms-node-error");
    on_terminal(&bench, &terminal);
    let text = until_asked(&bench, &terminal, "Run this step? [y/N]");
    assert!(text.trim_end().ends_with("Run this step? [y/N]"), "{text}");
    terminal.resize(60, 20);
    terminal.type_line("y");
    let text = until_asked(&bench, &terminal, "exit ");
    assert!(text.contains("exit 0"), "{text}");
    assert_eq!(bench.changes(), ["database cluster clear_error"]);
    assert!(!text.contains(bench.lab.password()), "{text}");
}

#[test]
fn what_no_check_shows_to_have_helped_is_no_success() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    let bench = Bench::new("imp-router-restart");
    // an alarm that nothing takes back, and a remedy that a person carries out beside the node
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/imp/chat-queue-full/input");
    let inventory = bench.path("inventory.yaml");
    terminal.run(&format!(
        "fix {} --inventory {}",
        sample.display(),
        inventory.display()
    ));
    for asked in 1..=2 {
        until_asked(&bench, &terminal, "Is this done? [y/N]");
        until(|| terminal.text().matches("Is this done? [y/N]").count() == asked);
        terminal.type_line("y");
    }
    let text = until_asked(&bench, &terminal, "exit ");
    assert!(text.contains("no check shows whether it helped"), "{text}");
    assert!(text.contains("exit 4"), "{text}");
}

#[test]
fn no_escape_and_ctrl_c_send_nothing() {
    for (key, code) in [("n", 5), ("Escape", 5), ("C-c", 130), ("C-d", 5)] {
        let Some(terminal) = Terminal::new() else {
            return;
        };
        let bench = Bench::new("cms-node-error");
        on_terminal(&bench, &terminal);
        until_asked(&bench, &terminal, "Run this step? [y/N]");
        terminal.press(key);
        if key == "n" {
            terminal.press("Enter");
        }
        let text = until_asked(&bench, &terminal, "exit ");
        assert!(text.contains(&format!("exit {code}")), "{key}: {text}");
        assert_eq!(bench.changes(), Vec::<String>::new(), "{key}");
    }
}

#[test]
fn what_destroys_wants_the_name_of_its_node() {
    for (name, code) in [("expc02", 0), ("expc2", 5), ("y", 5)] {
        let Some(terminal) = Terminal::new() else {
            return;
        };
        let bench = Bench::new("expressway-force-config-update");
        on_terminal(&bench, &terminal);
        until_asked(&bench, &terminal, "Is this done? [y/N]");
        terminal.type_line("y");
        let text = until_asked(&bench, &terminal, "Type expc02 to continue:");
        assert!(
            text.trim_end().ends_with("Type expc02 to continue:"),
            "{text}"
        );
        terminal.type_line(name);
        let text = until_asked(&bench, &terminal, "exit ");
        assert!(text.contains(&format!("exit {code}")), "{name}: {text}");
        let sent = bench
            .changes()
            .iter()
            .any(|line| line.contains("ForceConfigUpdate"));
        assert_eq!(sent, code == 0, "{name}");
    }
}

#[test]
fn two_runs_on_one_cluster_do_not_overlap() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    let bench = Bench::new("cms-node-error");
    on_terminal(&bench, &terminal);
    until_asked(&bench, &terminal, "Run this step? [y/N]");
    // the terminal has its home in another folder
    let state = terminal.path().join(".local/state");
    let done = bench
        .command("fix before --inventory handed.yaml --yes")
        .env("XDG_STATE_HOME", &state)
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(2), "{}", text(&done));
    assert!(text(&done).contains("another run"), "{}", text(&done));
    assert_eq!(bench.changes(), Vec::<String>::new());
    terminal.type_line("n");
    until_asked(&bench, &terminal, "exit 5");
}
