//! Guides and runbooks: every conclusion is walked to by an answers file, evidence is never asked
//! for again, and a person at a terminal gets through with arrows, numbers and pasted text.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use clusterdx::catalog::Catalog;
use clusterdx::catalog::guide::{Guide, Runbook};
use clusterdx::catalog::text::{Lang, Text};
use clusterdx::guide::lint::{lint, quoted};
use clusterdx::guide::walk::{toward, unknowing, walk};
use clusterdx::guide::{End, Evidence, Given, Mark, Reply, judge};
use tempfile::TempDir;

#[path = "common/tmux.rs"]
mod tmux;
use tmux::Terminal;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn builtin() -> Catalog {
    Catalog::builtin().unwrap()
}

/// Runs `clusterdx guide` with these words, without a terminal.
fn guide(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_clusterdx"))
        .arg("guide")
        .args(words)
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .env("COLUMNS", "400")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn out(done: &Output) -> String {
    String::from_utf8(done.stdout.clone()).unwrap()
}

/// A text without its line breaks and margins.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn err(done: &Output) -> String {
    String::from_utf8(done.stderr.clone()).unwrap()
}

/// An answers file.
fn answers(folder: &Path, replies: &[Reply]) -> String {
    let mut text = "answers:\n".to_owned();
    for reply in replies {
        let answer = match &reply.given {
            Given::Choice(id) => id.as_str(),
            Given::Unknown => "unknown",
        };
        writeln!(text, "  {}: {answer}", reply.observation).unwrap();
    }
    std::fs::write(folder.join("answers.yaml"), text).unwrap();
    "answers.yaml".to_owned()
}

fn title(catalog: &Catalog, guide: &Guide, id: &str, lang: Lang) -> String {
    let one = guide.conclusion(id).unwrap();
    if let Some(title) = &one.title {
        return title.get(lang).to_owned();
    }
    let fault = one.faults.first().and_then(|id| catalog.fault(id));
    let next = one.guide.as_deref().and_then(|id| catalog.guide(id));
    match (fault, next) {
        (Some(fault), _) => fault.title.general(lang),
        (None, Some(next)) => next.title.get(lang).to_owned(),
        (None, None) => panic!("{id} has no title"),
    }
}

/// The answers to a conclusion of a guide, and where the program has to end.
struct Way<'c> {
    replies: Vec<Reply>,
    guide: &'c Guide,
    conclusion: String,
}

/// Ways to all conclusions of a guide; what leads to another guide goes on to its first conclusion.
fn ways<'c>(catalog: &'c Catalog, guide: &'c Guide) -> Vec<Way<'c>> {
    let way = |one: &'c clusterdx::catalog::guide::Conclusion| {
        let first = toward(guide, catalog, &one.id);
        assert_eq!(first.end, End::Suggested(one), "{} {}", guide.id, one.id);
        let Some(next) = one.guide.as_deref().and_then(|id| catalog.guide(id)) else {
            return Way {
                replies: first.replies,
                guide,
                conclusion: one.id.clone(),
            };
        };
        let last = next.conclusions.first().unwrap();
        let second = toward(next, catalog, &last.id);
        Way {
            replies: [first.replies, second.replies].concat(),
            guide: next,
            conclusion: last.id.clone(),
        }
    };
    guide.conclusions.iter().map(way).collect()
}

/// Walks to every conclusion of these guides by answers files; how many there are.
fn walked(catalog: &Catalog, guides: &[&Guide]) -> usize {
    let folder = TempDir::new().unwrap();
    let mut walked = 0;
    for guide_ in guides {
        for way in ways(catalog, guide_) {
            let file = answers(folder.path(), &way.replies);
            let done = guide(folder.path(), &[&guide_.id, "--answers", &file]);
            let text = flat(&out(&done));
            assert_eq!(done.status.code(), Some(0), "{}{}", text, err(&done));
            let title = title(catalog, way.guide, &way.conclusion, Lang::En);
            let wanted = format!("Suggested by answers, not proved: {title} ");
            assert!(text.contains(&wanted), "{}: {text}", guide_.id);
            // an answer of a person is never proof
            assert!(!text.contains("Proved by the evidence"), "{text}");
            assert!(text.contains("No evidence was given"), "{text}");
            walked += 1;
        }
    }
    walked
}

#[test]
fn every_conclusion_about_im_and_presence_is_reached_by_an_answers_file() {
    let catalog = builtin();
    let imp = |guide: &&Guide| guide.id.starts_with("guide.imp.");
    let guides: Vec<&Guide> = catalog.guides.iter().filter(imp).collect();
    assert!(walked(&catalog, &guides) > 20);
}

#[test]
fn every_other_conclusion_is_reached_by_an_answers_file() {
    let catalog = builtin();
    let other = |guide: &&Guide| !guide.id.starts_with("guide.imp.");
    let guides: Vec<&Guide> = catalog.guides.iter().filter(other).collect();
    assert!(walked(&catalog, &guides) > 20);
}

#[test]
fn a_guide_is_walked_in_every_language_with_the_same_commands() {
    let catalog = builtin();
    let folder = TempDir::new().unwrap();
    for guide_ in catalog
        .guides
        .iter()
        .filter(|guide| guide.product.is_some())
    {
        let way = ways(&catalog, guide_).pop().unwrap();
        let file = answers(folder.path(), &way.replies);
        let mut commands = Vec::new();
        for lang in Lang::ALL {
            let words = [&guide_.id, "--answers", &file, "--lang", lang.code()];
            let done = guide(folder.path(), &words);
            let text = out(&done);
            assert_eq!(done.status.code(), Some(0), "{}", err(&done));
            assert!(text.starts_with(guide_.title.get(lang)), "{text}");
            let title = title(&catalog, guide_, &way.conclusion, lang);
            assert!(text.contains(&title), "{title}: {text}");
            let told = text
                .lines()
                .filter_map(|line| line.split_once("clusterdx "));
            commands.push(told.map(|(_, told)| told.to_owned()).collect::<Vec<_>>());
        }
        assert!(!commands[0].is_empty());
        assert_eq!(commands[0], commands[1], "{}", guide_.id);
        assert_eq!(commands[0], commands[2], "{}", guide_.id);
    }
}

/// Every text of every guide and runbook, with its place.
fn texts(catalog: &Catalog) -> Vec<(String, &Text)> {
    let guides = catalog.guides.iter();
    let guides = guides.flat_map(|g| {
        g.texts()
            .into_iter()
            .map(|(at, t)| (format!("{}: {at}", g.id), t))
    });
    let runbooks = catalog.runbooks.iter();
    let runbooks = runbooks.flat_map(|r| {
        r.texts()
            .into_iter()
            .map(|(at, t)| (format!("{}: {at}", r.id), t))
    });
    guides.chain(runbooks).collect()
}

#[test]
fn every_text_is_in_three_languages_and_no_command_differs() {
    let catalog = builtin();
    let hangul = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
    let texts = texts(&catalog);
    assert!(texts.len() > 500, "{}", texts.len());
    for (place, text) in texts {
        let ko = text
            .translated(Lang::Ko)
            .unwrap_or_else(|| panic!("{place}: no ko"));
        let pt = text
            .translated(Lang::PtBr)
            .unwrap_or_else(|| panic!("{place}: no pt-BR"));
        assert_eq!(quoted(&text.en), quoted(ko), "{place}");
        assert_eq!(quoted(&text.en), quoted(pt), "{place}");
        // what is more than a command is translated
        let bare: String = text.en.split('`').step_by(2).collect();
        let words = bare
            .split_whitespace()
            .filter(|w| w.chars().all(char::is_lowercase));
        if words.count() > 2 {
            assert!(hangul(ko), "{place}: {ko}");
            assert_ne!(pt, text.en, "{place}");
            assert!(!hangul(pt) && !hangul(&text.en), "{place}");
        }
    }
}

#[test]
fn the_lint_finds_nothing_in_the_rules_as_they_are() {
    let problems = lint(&builtin());
    assert!(problems.is_empty(), "{problems:#?}");
}

const SMALL: &str = r#"
id: guide.small
product: cms
topics: [small]
title: {en: Small, ko: 작음, pt-BR: Pequeno}
about: {en: A, ko: 가, pt-BR: A}
conclusions:
  one: {faults: [cms.db.no-primary], collect: {en: c, ko: 다, pt-BR: c}}
  two: {faults: [cms.db.quorum-lost], collect: {en: c, ko: 다, pt-BR: c}}
observations:
  small-look:
    ask: {en: What?, ko: 무엇?, pt-BR: O quê?}
    run: database cluster status
    dialect: cms-mmp
    takes: 1m
    answers:
      one: {say: {en: One, ko: 하나, pt-BR: Um}, supports: [one], excludes: [rest]}
      two: {say: {en: Two, ko: 둘, pt-BR: Dois}, supports: [two], excludes: [rest]}
nothing: {en: End, ko: 나, pt-BR: Fim}
"#;

const STEPS: &str = r#"
id: runbook.small
product: cms
topics: [small-steps]
title: {en: Steps, ko: 단계, pt-BR: Passos}
about: {en: A, ko: 가, pt-BR: A}
dialect: cms-mmp
risk: change
steps:
  only:
    do: {en: Do, ko: 하기, pt-BR: Faça}
    run: database cluster join <primary>
    check:
      see: {en: See, ko: 보기, pt-BR: Veja}
      run: database cluster status
      expect: {format: cms.status, where: {status: Enabled}}
references: [{doc: "1"}]
"#;

/// What `rules lint` says about one guide and one runbook.
fn linted(small: &str, steps: &str) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    for (name, text) in [("guides/small.yaml", small), ("runbooks/steps.yaml", steps)] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let done = Command::new(env!("CARGO_BIN_EXE_clusterdx"))
        .args(["rules", "lint", "--rules"])
        .arg(folder.path())
        .current_dir(root())
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    (done.status.code(), format!("{}{}", out(&done), err(&done)))
}

#[test]
fn an_overlaid_guide_is_checked_like_any_other() {
    let (code, text) = linted(SMALL, STEPS);
    assert_eq!((code, text.trim()), (Some(0), "no problems"));
    let cases = [
        (
            SMALL,
            "supports: [two], excludes: [rest]",
            "supports: [one]",
            "conclusion 'two' is not reached",
        ),
        (
            SMALL,
            "supports: [two], excludes: [rest]",
            "supports: [], excludes: []",
            "answer 'two' changes nothing",
        ),
        (
            SMALL,
            "{en: What?, ko: 무엇?, pt-BR: O quê?}",
            "{en: What?, ko: 무엇?}",
            "observation small-look: not translated to pt-BR",
        ),
        (
            SMALL,
            "{en: What?, ko: 무엇?",
            "{en: 'See `status`', ko: '`상태` 확인'",
            "what stands in `…` differs between en and ko",
        ),
        (
            SMALL,
            "supports: [two]",
            "supports: [tow]",
            "the guide has no conclusion 'tow'",
        ),
        (
            SMALL,
            "[cms.db.no-primary]",
            "[cms.db.no-primry]",
            "unknown fault 'cms.db.no-primry'",
        ),
        (
            SMALL,
            "run: database cluster status",
            "run: database cluster join 10.1.1.1",
            "is none of the 'reads' of 'cms-mmp'",
        ),
        (
            SMALL,
            "dialect: cms-mmp",
            "dialect: cms-mpm",
            "unknown dialect 'cms-mpm'",
        ),
        (
            SMALL,
            "small-look:",
            "cms-status:",
            "another guide has an observation",
        ),
        (
            SMALL,
            "topics: [small]",
            "topics: [cms]",
            "the topic 'cms' belongs to another one as well",
        ),
        (
            SMALL,
            "takes: 1m",
            "takes: soon",
            "'soon' is not a time span",
        ),
        (
            SMALL,
            ", collect: {en: c, ko: 다, pt-BR: c}}\nobs",
            "}\nobs",
            "says what to collect to prove it",
        ),
        (
            STEPS,
            "    check:\n      see: {en: See, ko: 보기, pt-BR: Veja}\n      run: database cluster status\n      expect: {format: cms.status, where: {status: Enabled}}\n",
            "",
            "says in 'no_check' why nothing shows its effect",
        ),
        (
            STEPS,
            "run: database cluster join",
            "run: database cluster jion",
            "is no command of dialect 'cms-mmp'",
        ),
        (
            STEPS,
            "run: database cluster status",
            "run: database cluster join 1",
            "is none of the 'reads' of 'cms-mmp'",
        ),
        (
            STEPS,
            "{en: Do, ko: 하기, pt-BR: Faça}",
            "Do",
            "step only: not translated to ko",
        ),
        (STEPS, "references: [{doc: \"1\"}]", "", "names no source"),
        (
            STEPS,
            "{status: Enabled}",
            "{statu: Enabled}",
            "has no field 'statu'",
        ),
    ];
    for (whole, from, to, wanted) in cases {
        assert!(whole.contains(from), "{from}");
        let changed = whole.replace(from, to);
        let (small, steps) = match whole == SMALL {
            true => (changed.as_str(), STEPS),
            false => (SMALL, changed.as_str()),
        };
        let (code, text) = linted(small, steps);
        assert_ne!(code, Some(0), "{to}");
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[test]
fn mistakes_in_answers_are_named_with_their_line() {
    let folder = TempDir::new().unwrap();
    let cases = [
        (
            "answers:\n  cms-statux: alone\n",
            "answers.yaml:2:3: nothing asks for 'cms-statux'",
            "did you mean 'cms-status'",
        ),
        (
            "answers:\n  cms-status: alon\n",
            "answers.yaml:2:15: 'alon' is no answer to 'cms-status'",
            "did you mean 'alone'?",
        ),
        (
            "answer:\n  cms-status: alone\n",
            "answers.yaml:1:1: unknown field",
            "",
        ),
        ("answers:\n  cms-status: {fil: x}\n", "answers.yaml:2:", ""),
        (
            "answers:\n  cms-status: {file: a, text: b}\n",
            "answers.yaml:2:3: 'cms-status' takes one of 'file', 'text' and 'run'",
            "",
        ),
        ("answers:\n  cms-status: [alone]\n", "answers.yaml:2:", ""),
        (
            "topic: nothing\n",
            "",
            "'clusterdx guide list' lists the topics",
        ),
    ];
    for (text, wanted, help) in cases {
        std::fs::write(folder.path().join("answers.yaml"), text).unwrap();
        let words: &[&str] = match text.starts_with("topic") {
            true => &["--answers", "answers.yaml"],
            false => &["cms-database", "--answers", "answers.yaml"],
        };
        let done = guide(folder.path(), words);
        assert_eq!(done.status.code(), Some(2), "{text}");
        let said = err(&done);
        assert!(
            said.contains(wanted) && said.contains(help),
            "{text}: {said}"
        );
        assert_eq!(out(&done), "");
    }
}

#[test]
fn what_the_answers_leave_open_is_named_and_never_waited_for() {
    let folder = TempDir::new().unwrap();
    std::fs::write(
        folder.path().join("a.yaml"),
        "answers: {cms-status: alone}\n",
    )
    .unwrap();
    let done = guide(folder.path(), &["cms", "--answers", "a.yaml"]);
    assert_eq!(done.status.code(), Some(2));
    let said = err(&done);
    assert!(
        said.contains("error: the answers do not say 'cms-"),
        "{said}"
    );
    assert!(said.contains("unknown"), "{said}");
    for words in [&["cms"][..], &[], &["start"]] {
        let done = guide(folder.path(), words);
        assert_eq!(done.status.code(), Some(2), "{words:?}");
        let said = err(&done);
        assert!(said.contains("error: there is nobody to ask"), "{said}");
        assert!(said.contains("--answers FILE"), "{said}");
    }
    let done = guide(folder.path(), &["cms-databas", "--answers", "a.yaml"]);
    assert!(
        err(&done).contains("did you mean 'cms-database'"),
        "{}",
        err(&done)
    );
    // nobody has to be there for that
    let done = guide(folder.path(), &["cms-databas"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(
        err(&done).contains("did you mean 'cms-database'"),
        "{}",
        err(&done)
    );
    let done = guide(
        folder.path(),
        &["cms", "no-such-file", "--answers", "a.yaml"],
    );
    assert_eq!(done.status.code(), Some(2));
    let done = guide(folder.path(), &["list"]);
    assert_eq!(done.status.code(), Some(0));
    for id in [
        "cms-database",
        "imp-intercluster",
        "cms-build",
        "expressway-factory-reset",
    ] {
        assert!(out(&done).contains(id), "{id}");
    }
}

#[test]
fn titles_of_any_language_are_topics() {
    let catalog = builtin();
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("a.yaml"), "answers: {}\n").unwrap();
    for lang in Lang::ALL {
        let title = catalog.guide("guide.cms.database").unwrap().title.get(lang);
        let done = guide(folder.path(), &[title, "--answers", "a.yaml"]);
        assert!(err(&done).contains("'cms-status'"), "{}", err(&done));
    }
}

/// A guide with evidence and no answers at all: everything that is asked would be missing.
fn with_evidence(topic: &str, samples: &[&str]) -> (Option<i32>, String, String) {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("a.yaml"), "answers: {}\n").unwrap();
    let inputs = samples.iter();
    let inputs: Vec<String> = inputs
        .map(|name| {
            root()
                .join("samples")
                .join(name)
                .join("input")
                .display()
                .to_string()
        })
        .collect();
    let mut words = vec![topic, "--answers", "a.yaml"];
    words.extend(inputs.iter().map(String::as_str));
    let done = guide(folder.path(), &words);
    (done.status.code(), out(&done), err(&done))
}

#[test]
fn what_evidence_proves_is_not_asked() {
    let cases = [
        (
            "cms-database",
            "cms/no-primary",
            "Database cluster has no primary",
        ),
        (
            "cms-database",
            "cms/schema-upgrade-failed-status",
            "Database schema upgrade failed",
        ),
        (
            "cms-database",
            "cms/packets-refused",
            "Database connection refused by a cluster node",
        ),
        (
            "start",
            "cms/packets-refused",
            "Database connection refused by a cluster node",
        ),
        (
            "expressway-cluster",
            "expressway/dump-h323-off",
            "H.323 is off on a clustered system",
        ),
        (
            "start",
            "expressway/dump-h323-off",
            "H.323 is off on a clustered system",
        ),
        (
            "imp-chat",
            "imp/ha-status-critical",
            "A critical service or the database of a node is down",
        ),
        (
            "imp-chat",
            "imp/chat-service-down",
            "Cisco XCP Text Conference Manager is down",
        ),
        (
            "imp-intercluster",
            "imp/intercluster-axl-timeouts",
            "AXL of the peer does not answer",
        ),
        (
            "start",
            "imp/intercluster-certificates",
            "Certificates of the clusters do not match",
        ),
    ];
    for (topic, sample, wanted) in cases {
        let (code, text, said) = with_evidence(topic, &[sample]);
        assert_eq!(code, Some(0), "{topic} {sample}: {said}");
        let proved = format!("Proved by the evidence: {wanted}");
        assert!(text.contains(&proved), "{topic} {sample}: {text}");
        // the diagnosis is the ordinary one
        assert!(text.contains("What was read"), "{text}");
        assert!(text.contains("clusterdx plan "), "{text}");
    }
}

#[test]
fn what_evidence_rules_out_or_shows_is_not_asked() {
    // the screen of one node of three: the others are asked for, and nothing is concluded
    let (code, text, said) = with_evidence("cms-database", &["cms/node-disconnected"]);
    assert_eq!((code, text.as_str()), (Some(2), ""));
    assert!(said.contains("'cms-status'"), "{said}");
    // the screens of all three
    let folder = TempDir::new().unwrap();
    let addresses = ["10.48.54.75", "10.48.54.76", "10.48.54.119"];
    for me in addresses {
        let row = |address: &&str| {
            let mark = if *address == me { " (me)" } else { "" };
            let state = match *address == "10.48.54.75" {
                true => "Connected Primary",
                false => "Connected Replica ( In Sync )",
            };
            format!("    {address}{mark} : {state}\n")
        };
        let rows: String = addresses.iter().map(row).collect();
        let screen = format!(
            "Status : Enabled\nNodes:\n{rows}Node in use : 10.48.54.75\nLast command : 'database cluster join 10.48.54.75' (Success)\n"
        );
        std::fs::write(folder.path().join(me), screen).unwrap();
    }
    std::fs::write(folder.path().join("a.yaml"), "answers: {}\n").unwrap();
    let words = [&["cms", "--answers", "a.yaml"][..], &addresses].concat();
    let done = guide(folder.path(), &words);
    assert!(err(&done).contains("'cms-replica-log'"), "{}", err(&done));
    // a page says that the peer cannot be reached; only what lies behind that is asked
    let (_, _, said) = with_evidence("imp-intercluster", &["imp/peer-not-reachable-page"]);
    assert!(!said.contains("'inter-page'"), "{said}");
    // the evidence names the product
    let (_, _, said) = with_evidence("start", &["imp/peer-not-reachable-page"]);
    assert!(!said.contains("start-product"), "{said}");
}

#[test]
fn pasted_text_is_evidence_and_shown_safely() {
    let folder = TempDir::new().unwrap();
    let status =
        std::fs::read_to_string(root().join("tests/answers/cms-mmp/status-replica-alone.txt"))
            .unwrap();
    let hostile = format!("\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}<script>\n{status}\u{1b}[31m\n");
    let quoted = serde_json::to_string(&hostile).unwrap();
    std::fs::write(
        folder.path().join("a.yaml"),
        format!("answers: {{cms-status: {{text: {quoted}}}}}\n"),
    )
    .unwrap();
    let done = guide(folder.path(), &["cms", "--answers", "a.yaml"]);
    let text = out(&done);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    assert!(
        text.contains("Proved by the evidence: Database node lost contact with all others"),
        "{text}"
    );
    for bad in ['\u{1b}', '\u{7}', '\u{202e}'] {
        assert!(!text.contains(bad), "{text:?}");
    }
    // what was pasted is no file that could be planned from
    assert!(text.contains("Save the pasted output as files"), "{text}");
}

/// Packets of hosts that nothing names may belong to anything: they point, and prove nothing here.
#[test]
fn a_capture_alone_proves_no_fault_of_a_product() {
    let (code, text, said) = with_evidence("start", &["net/capture-no-answer"]);
    assert_eq!((code, text.as_str()), (Some(2), ""));
    assert!(said.contains("'start-"), "{said}");
    let folder = TempDir::new().unwrap();
    let capture = root().join("samples/net/capture-no-answer/input");
    let answers = "answers: {cms-status: some-disconnected, cms-replica-log: unknown, cms-certificates: good, cms-capture: nothing}\n";
    std::fs::write(folder.path().join("a.yaml"), answers).unwrap();
    let words = ["cms", "--answers", "a.yaml", capture.to_str().unwrap()];
    let done = guide(folder.path(), &words);
    let text = out(&done);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    assert!(
        text.contains("Suggested by answers, not proved: Database connection between"),
        "{text}"
    );
    // what packets do prove is in the report
    assert!(text.contains("net.tcp.no-answer"), "{text}");
}

#[test]
fn what_a_proved_cause_explains_is_not_called_another() {
    let (code, text, said) = with_evidence("cms-database", &["cms/quorum-lost"]);
    assert_eq!(code, Some(0), "{said}");
    let proved = text.matches("Proved by the evidence").count();
    assert_eq!(proved, 1, "{text}");
    assert!(
        text.contains("Proved by the evidence: Database node lost contact"),
        "{text}"
    );
}

#[test]
fn explain_prints_a_whole_procedure_and_what_a_guide_may_find() {
    let catalog = builtin();
    let explain = |name: &str| {
        let done = Command::new(env!("CARGO_BIN_EXE_clusterdx"))
            .args(["explain", name])
            .current_dir(root())
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(0), "{name}");
        out(&done)
    };
    let runbook = catalog
        .runbook("runbook.cms.build-database-cluster")
        .unwrap();
    let text = explain("cms-build");
    for step in &runbook.steps {
        for run in &step.run {
            assert!(flat(&text).contains(run.as_str()), "{run}: {text}");
        }
    }
    assert_eq!(
        text.matches("\nStep ").count(),
        runbook.steps.len(),
        "{text}"
    );
    let text = explain("guide.imp.chat");
    assert!(text.contains("imp.chat.queue-full"), "{text}");
    assert!(text.contains("clusterdx guide imp-chat"), "{text}");
}

#[test]
fn evidence_that_does_not_answer_is_kept_and_the_answer_beside_it_counts() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("note.txt"), "nothing to see\n").unwrap();
    let text = "answers:\n  cms-status: {file: note.txt, answer: schema-error}\n";
    std::fs::write(folder.path().join("a.yaml"), text).unwrap();
    let done = guide(folder.path(), &["cms", "--answers", "a.yaml"]);
    let text = out(&done);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    assert!(text.contains("nothing in it answers this"), "{text}");
    assert!(
        text.contains("Suggested by answers, not proved: Database schema upgrade failed"),
        "{text}"
    );
    assert!(text.contains("note.txt"), "{text}");
}

/// A person's answers change nothing that evidence has decided, whatever they are.
#[test]
fn no_answer_outweighs_evidence_and_every_walk_ends() {
    let catalog = builtin();
    let seen: BTreeSet<String> = ["cms-status".to_owned()].into();
    let shown = BTreeMap::new();
    let cms = catalog.guide("guide.cms.database").unwrap();
    let evidence = Evidence {
        report: None,
        seen: &seen,
        shown: &shown,
    };
    for observation in &cms.observations {
        for choice in &observation.choices {
            let reply = Reply {
                observation: observation.id.clone(),
                given: Given::Choice(choice.id.clone()),
            };
            for one in judge(cms, &catalog, evidence, &[reply]) {
                if cms
                    .observation("cms-status")
                    .unwrap()
                    .decides
                    .contains(&one.conclusion.id)
                {
                    assert_eq!(one.mark, Mark::Excluded, "{}", one.conclusion.id);
                }
            }
        }
    }
    // every order of answers, as far as a small generator goes
    let mut state = 7_u64;
    let mut dice = move |sides: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % sides
    };
    for guide in &catalog.guides {
        for _ in 0..300 {
            let walk = walk(guide, &catalog, |observation, separates| {
                assert!(!separates.is_empty(), "{}", observation.id);
                match dice(observation.choices.len() + 1) {
                    0 => Given::Unknown,
                    at => Given::Choice(observation.choices[at - 1].id.clone()),
                }
            });
            assert!(walk.replies.len() <= guide.observations.len());
            let asked: BTreeSet<&str> = walk
                .replies
                .iter()
                .map(|r| r.observation.as_str())
                .collect();
            assert_eq!(asked.len(), walk.replies.len(), "{}: asked twice", guide.id);
        }
        assert!(
            matches!(unknowing(guide, &catalog).end, End::Several(_)),
            "{}",
            guide.id
        );
    }
}

/// Answers that every step of a runbook takes.
fn all_done(runbook: &Runbook) -> String {
    let steps = runbook.steps.iter();
    let lines: String = steps.map(|step| format!("  {}: done\n", step.id)).collect();
    format!("topic: {}\nanswers:\n{lines}", runbook.id)
}

#[test]
fn every_runbook_is_walked_to_its_end() {
    let catalog = builtin();
    let folder = TempDir::new().unwrap();
    assert!(catalog.runbooks.len() >= 21, "{}", catalog.runbooks.len());
    for runbook in &catalog.runbooks {
        std::fs::write(folder.path().join("a.yaml"), all_done(runbook)).unwrap();
        let done = guide(folder.path(), &["--answers", "a.yaml"]);
        let text = out(&done);
        assert_eq!(
            done.status.code(),
            Some(0),
            "{}: {}",
            runbook.id,
            err(&done)
        );
        assert!(text.contains("All steps are done."), "{text}");
        let last = format!("  {:>2}. ", runbook.steps.len());
        assert!(text.contains(&last), "{text}");
    }
    // without an answer for the last step nothing is claimed
    let runbook = catalog.runbook("runbook.cms.move-primary").unwrap();
    let short = all_done(runbook);
    let cut = short.trim_end().rfind('\n').unwrap();
    std::fs::write(folder.path().join("a.yaml"), &short[..=cut]).unwrap();
    let done = guide(folder.path(), &["--answers", "a.yaml"]);
    assert_eq!(done.status.code(), Some(2), "{}", err(&done));
}

#[test]
fn what_deletes_or_interrupts_has_a_warning_and_a_backup() {
    let catalog = builtin();
    for runbook in &catalog.runbooks {
        let risky = runbook.risk >= clusterdx::catalog::remedy::Risk::Destructive;
        let backup = runbook.steps.iter().any(|step| step.id == "backup");
        assert!(!risky || backup, "{} has no backup", runbook.id);
        let warned = runbook.steps.iter().any(|step| step.warning.is_some());
        let reads = runbook.risk == clusterdx::catalog::remedy::Risk::Read;
        assert!(reads || warned, "{} warns of nothing", runbook.id);
        for step in &runbook.steps {
            let destroys = [
                "database cluster join",
                "database cluster remove",
                "factory-reset",
            ];
            let destroys = step
                .run
                .iter()
                .any(|run| destroys.iter().any(|verb| run.starts_with(verb)));
            assert!(
                !destroys || step.warning.is_some(),
                "{} {}",
                runbook.id,
                step.id
            );
        }
    }
}

#[test]
fn a_pasted_answer_decides_a_check() {
    let folder = TempDir::new().unwrap();
    let catalog = builtin();
    let runbook = catalog
        .runbook("runbook.cms.build-database-cluster")
        .unwrap();
    let file = |name: &str| {
        let path = root().join("tests/answers/cms-mmp").join(name);
        format!("{{file: '{}'}}", path.display())
    };
    let cases = [
        (
            "initialize",
            "status-primary-done.txt",
            0,
            "the pasted answer shows it",
        ),
        (
            "initialize",
            "status-replica-done.txt",
            4,
            "Step 8 is not done, or its check does not hold",
        ),
        ("initialize", "status-disabled.txt", 4, "Step 8 is not done"),
    ];
    for (step, name, code, wanted) in cases {
        let answers = all_done(runbook).replace(
            &format!("  {step}: done"),
            &format!("  {step}: {}", file(name)),
        );
        std::fs::write(folder.path().join("a.yaml"), answers).unwrap();
        let done = guide(folder.path(), &["--answers", "a.yaml"]);
        let text = out(&done);
        assert_eq!(
            done.status.code(),
            Some(code),
            "{name}: {text}{}",
            err(&done)
        );
        assert!(text.contains(wanted), "{name}: {text}");
    }
    let answers = all_done(runbook).replace("  join: done", "  join: not-done");
    std::fs::write(folder.path().join("a.yaml"), answers).unwrap();
    assert_eq!(
        guide(folder.path(), &["--answers", "a.yaml"]).status.code(),
        Some(4)
    );
}

/// Does something and waits until the terminal shows what is wanted once more than before.
fn once_more(terminal: &Terminal, wanted: &str, act: impl FnOnce()) -> String {
    let before = terminal.text().matches(wanted).count();
    act();
    for _ in 0..tmux::POLLS {
        let text = terminal.text();
        if text.matches(wanted).count() > before {
            return text;
        }
    }
    panic!("'{wanted}' did not appear once more:\n{}", terminal.text());
}

/// Presses keys, and waits for what they bring.
fn after(terminal: &Terminal, keys: &[&str], wanted: &str) -> String {
    once_more(terminal, wanted, || {
        keys.iter().for_each(|key| terminal.press(key));
    })
}

/// Types a line, and waits for what it brings.
fn line(terminal: &Terminal, line: &str, wanted: &str) -> String {
    once_more(terminal, wanted, || terminal.type_line(line))
}

#[test]
fn arrow_keys_lead_a_person_to_a_conclusion() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    terminal.run("guide cms-database");
    terminal.until("Arrows or a number, then Enter:", || {});
    after(&terminal, &["Down"], "Enter: 1. There is a primary");
    after(
        &terminal,
        &["Down", "Down"],
        "Enter: 3. Nodes are connected",
    );
    after(
        &terminal,
        &["Up", "Up", "Up"],
        "Enter: 1. There is a primary",
    );
    // a choice is shown anew in the new width
    terminal.resize(60, 20);
    after(&terminal, &["Down"], "Enter: 2. A node");
    terminal.resize(80, 24);
    after(&terminal, &["Up", "Enter"], "Question 2");
    // the second question is the next cheap one; back, and on again
    after(&terminal, &["b"], "b. Back one step");
    after(&terminal, &["Enter"], "Question 1");
    terminal.until("q. Stop here\nArrows or a number, then Enter:\n", || {});
    after(&terminal, &["6"], "Enter: 6. The first line");
    let text = flat(&after(&terminal, &["Enter"], "exit "));
    assert!(text.contains("exit 0"), "{text}");
    assert!(
        text.contains("Suggested by answers, not proved: Database schema upgrade failed"),
        "{text}"
    );
    assert!(text.contains("No evidence was given"), "{text}");
}

#[test]
fn a_bare_guide_lists_the_topics_and_takes_typed_numbers() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    terminal.run("guide --lang pt");
    let text = terminal.until("depois Enter:", || {});
    assert!(
        text.contains("   2. Cluster de banco de dados do Meeting Server"),
        "{text}"
    );
    assert!(text.contains("Montar um cluster"), "{text}");
    // two digits are one number
    after(&terminal, &["1", "2"], "Enter: 12. ");
    after(&terminal, &["BSpace", "2"], "Enter: 2. Cluster");
    after(&terminal, &["Enter"], "Pergunta 1");
    let text = after(&terminal, &["q", "Enter"], "exit ");
    assert!(text.contains("exit 5"), "{text}");
}

#[test]
fn what_a_person_pastes_is_read_as_evidence() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    terminal.run("guide cms");
    terminal.until("then Enter:", || {});
    after(
        &terminal,
        &["p", "Enter"],
        "a line with a single full stop ends it",
    );
    let status = root().join("tests/answers/cms-mmp/status-replica-alone.txt");
    for line in std::fs::read_to_string(status).unwrap().lines() {
        terminal.type_line(line);
    }
    terminal.type_line(".");
    let text = terminal.until("exit ", || {});
    assert!(text.contains("exit 0"), "{text}");
    assert!(
        text.contains("Proved by the evidence: Database node lost contact with all others"),
        "{text}"
    );
    assert!(text.contains("pasted-1/database cluster status"), "{text}");
}

#[test]
fn a_person_gives_a_file_and_is_asked_again_when_it_answers_nothing() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    std::fs::write(terminal.path().join("note.txt"), "nothing to see\n").unwrap();
    terminal.run("guide cms");
    terminal.until("then Enter:", || {});
    after(&terminal, &["f", "Enter"], "Path:");
    line(&terminal, "no-such-file", "then Enter:");
    assert!(terminal.text().contains("error: no such file or folder"));
    after(&terminal, &["f", "Enter"], "Path:");
    let text = line(&terminal, "note.txt", "then Enter:");
    assert!(text.contains("nothing in it answers this"), "{text}");
    assert!(text.contains("Question 2"), "{text}");
    let text = after(&terminal, &["C-c"], "exit ");
    assert!(text.contains("exit 130"), "{text}");
}

#[test]
fn ctrl_c_tells_what_was_learned() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    terminal.run("guide cms");
    terminal.until("then Enter:", || {});
    after(&terminal, &["1", "Enter"], "Question 2");
    let text = after(&terminal, &["C-c"], "exit ");
    assert!(text.contains("exit 130"), "{text}");
    assert!(
        text.contains("Interrupted; what was learned until then stands above."),
        "{text}"
    );
    assert!(text.contains("points to: Database connection"), "{text}");
    // the terminal is as it was: what is typed is echoed
    terminal.type_line("echoed");
    terminal.until("echoed\nechoed", || {});
}

#[test]
fn a_runbook_is_gone_through_at_a_terminal() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    terminal.run("guide cms-move-primary");
    let text = terminal.until("Step 1 of 4", || {});
    assert!(text.contains("Before"), "{text}");
    terminal.until("then Enter:", || {});
    after(
        &terminal,
        &["p", "Enter"],
        "a line with a single full stop ends it",
    );
    let status = root().join("tests/answers/cms-mmp/status-node-away.txt");
    for line in std::fs::read_to_string(status).unwrap().lines() {
        terminal.type_line(line);
    }
    terminal.type_line(".");
    terminal.until("The answer does not show it:", || {});
    let text = after(&terminal, &["2", "Enter"], "exit ");
    assert!(text.contains("exit 4"), "{text}");
    assert!(
        text.contains("Step 1 is not done, or its check does not hold"),
        "{text}"
    );
}

/// Commands that only look, run on nodes of a simulated cluster.
#[cfg(feature = "lab")]
mod nodes {
    use super::*;
    use clusterdx::lab::{Lab, LabOptions, scenario};

    /// A lab, with its inventory and password in a folder.
    fn bench(name: &str) -> (Lab, TempDir) {
        let options = LabOptions {
            time_scale: 200.0,
            ..LabOptions::default()
        };
        let lab = Lab::start(scenario(name).unwrap(), &options).unwrap();
        let folder = TempDir::new().unwrap();
        lab.write_inventory(folder.path()).unwrap();
        let path = folder.path().join("inventory.yaml");
        let inventory = std::fs::read_to_string(&path).unwrap();
        let handed = inventory.replace("dialect:", "password: {fd: 3}, dialect:");
        std::fs::write(path, handed).unwrap();
        let password = format!("{}\n", lab.password());
        std::fs::write(folder.path().join("password"), password).unwrap();
        (lab, folder)
    }

    fn run(folder: &TempDir, words: &str) -> Output {
        let program = env!("CARGO_BIN_EXE_clusterdx");
        Command::new("sh")
            .args(["-c", &format!("exec '{program}' {words} 3<password")])
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .env("LC_ALL", "C.UTF-8")
            .env("COLUMNS", "100")
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    #[test]
    fn an_answers_file_has_a_command_run_on_a_node() {
        let cases = [
            (
                "cms-node-error",
                "cms-database",
                "cms-status",
                "cms2",
                "Database cluster in error state on a node",
            ),
            (
                "expressway-h323-off",
                "expressway-cluster",
                "expressway-alarms",
                "expc02",
                "H.323 is off on a clustered system",
            ),
            (
                "imp-ha-fallback",
                "imp-chat",
                "chat-ha",
                "imp1a",
                "A node is still failed over",
            ),
        ];
        for (name, topic, observation, node, wanted) in cases {
            let (lab, folder) = bench(name);
            let nodes = lab.nodes().iter().map(|node| node.name.clone());
            let nodes: Vec<String> = nodes.collect();
            assert!(nodes.contains(&node.to_owned()), "{nodes:?}");
            // beside it nobody knows anything
            let all = builtin();
            let all = all.guides.iter().flat_map(|guide| &guide.observations);
            let all = all.filter(|one| {
                one.id != observation && topic.starts_with(one.id.split('-').next().unwrap())
            });
            let unknown: String = all.map(|one| format!("  {}: unknown\n", one.id)).collect();
            let text = format!("answers:\n  {observation}: {{run: {node}}}\n{unknown}");
            std::fs::write(folder.path().join("a.yaml"), text).unwrap();
            let done = run(
                &folder,
                &format!("guide {topic} --answers a.yaml --inventory inventory.yaml"),
            );
            let text = flat(&out(&done));
            assert_eq!(done.status.code(), Some(0), "{name}: {text}{}", err(&done));
            assert!(
                text.contains(&format!("Proved by the evidence: {wanted}")),
                "{name}: {text}"
            );
            // nothing was sent but what looks
            let catalog = builtin();
            for sent in lab.sent() {
                let looks = catalog
                    .dialects
                    .iter()
                    .any(|dialect| dialect.only_reads(&sent.line));
                let leaves = catalog
                    .dialects
                    .iter()
                    .any(|d| d.leave.as_deref() == Some(sent.line.as_str()));
                assert!(looks || leaves || sent.line.is_empty(), "{sent:?}");
            }
            assert!(!text.contains(lab.password()), "{text}");
        }
    }

    #[test]
    fn a_node_that_is_not_there_or_another_one_gives_no_evidence() {
        let (_lab, folder) = bench("cms-swapped-inventory");
        for (node, wanted) in [
            ("cms9", "no inventory names a node 'cms9'"),
            ("cms1", "was reached where 'cms1' was expected"),
        ] {
            let text = format!("answers: {{cms-status: {{run: {node}}}}}\n");
            std::fs::write(folder.path().join("a.yaml"), text).unwrap();
            let done = run(
                &folder,
                "guide cms --answers a.yaml --inventory inventory.yaml",
            );
            assert_eq!(done.status.code(), Some(2), "{}", out(&done));
            assert!(err(&done).contains(wanted), "{node}: {}", err(&done));
            assert_eq!(out(&done), "");
        }
    }

    #[test]
    fn a_person_is_asked_before_a_command_is_run() {
        let Some(terminal) = Terminal::new() else {
            return;
        };
        let (lab, folder) = bench("cms-node-error");
        let at = folder.path().display();
        terminal.run(&format!(
            "guide cms --inventory {at}/inventory.yaml 3<{at}/password"
        ));
        terminal.until("then Enter:", || {});
        after(&terminal, &["r", "Enter"], "On which node?");
        after(&terminal, &["1", "Enter"], "It only looks.");
        // declined: nothing is sent, and the question is there again
        after(&terminal, &["2", "Enter"], "Question 1");
        assert!(lab.sent().is_empty(), "{:?}", lab.sent());
        terminal.until("q. Stop here\nArrows or a number, then Enter:\n", || {});
        after(&terminal, &["r", "Enter"], "On which node?");
        after(&terminal, &["1", "Enter"], "It only looks.");
        // one node shows nothing wrong, and says nothing of the others
        let text = after(&terminal, &["1", "Enter"], "Question 2");
        assert!(text.contains("known of 1 of 3 nodes"), "{text}");
        terminal.until("q. Stop here\nArrows or a number, then Enter:\n", || {});
        after(&terminal, &["r", "Enter"], "On which node?");
        after(&terminal, &["2", "Enter"], "It only looks.");
        let text = after(&terminal, &["1", "Enter"], "exit ");
        assert!(text.contains("exit 0"), "{text}");
        assert!(
            flat(&text).contains("Proved by the evidence: Database cluster in error state"),
            "{text}"
        );
    }
}
