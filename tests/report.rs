//! The text report against golden files, for reports made by hand. `UPDATE=1 cargo test --test
//! report` writes the files anew; the difference is for a person to judge.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test that panics has failed; reports are put together by value"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clusterdx::locale::Locale;
use clusterdx::model::report::Report;
use clusterdx::report::{self, Attached, Known, Look, RemedyNote};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn words() -> BTreeMap<String, BTreeMap<String, String>> {
    ["en", "ko", "pt-BR"]
        .into_iter()
        .map(|lang| {
            let text =
                std::fs::read_to_string(root().join(format!("rules/locales/{lang}.yaml"))).unwrap();
            (lang.to_owned(), serde_saphyr::from_str(&text).unwrap())
        })
        .collect()
}

fn known() -> Known {
    let note = |title: &str, risk: &str| RemedyNote {
        title: title.into(),
        risk: risk.into(),
    };
    Known {
        faults: BTreeMap::from([
            (
                "cms.db.connection-blocked".into(),
                "Database connection blocked on the way".into(),
            ),
            (
                "cms.db.certificate-expired".into(),
                "Database certificate expired".into(),
            ),
        ]),
        remedies: BTreeMap::from([
            (
                "cms.db.check-listener".into(),
                note(
                    "Check that the database cluster of the peer is enabled",
                    "read",
                ),
            ),
            (
                "cms.db.rejoin".into(),
                note("Remove the replica and let it join again", "destructive"),
            ),
        ]),
    }
}

fn render(report: &Report, lang: &str, width: usize, colour: bool) -> String {
    let locale = Locale::new(&words(), lang);
    let known = known();
    let look = Look {
        locale: &locale,
        width,
        year: None,
        colour,
        known: &known,
        attached: Attached::NOTHING,
    };
    let mut out = Vec::new();
    report::find("text")
        .unwrap()
        .write(report, &look, &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

fn golden(name: &str, text: &str) {
    let path = root().join("tests/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("{} is missing: UPDATE=1 writes it", display(&path)));
    assert!(
        text == expected,
        "{} differs: UPDATE=1 writes it anew\n{text}",
        display(&path)
    );
}

fn display(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

fn check(name: &str, report: &Report) {
    for width in [80, 200] {
        let text = render(report, "en", width, false);
        for line in text.lines() {
            assert!(
                line.width() <= width,
                "{name} at {width}: {} columns in {line:?}",
                line.width()
            );
            assert_eq!(line, line.trim_end());
        }
        golden(&format!("{name}.{width}.txt"), &text);
    }
}

fn report(clusters: Value, coverage: Value) -> Report {
    serde_json::from_value(json!({
        "schema": "clusterdx.report/1",
        "tool": {"version": "0.1.0", "rules_digest": "sha256:0123456789abcdef0123456789abcdef"},
        "clusters": clusters, "coverage": coverage,
        "omitted": {"diagnoses": 0, "nodes": 0, "coverage": 0}
    }))
    .unwrap()
}

fn cluster(name: &str, verdict: &str, diagnoses: Value) -> Value {
    json!({
        "name": name, "product": "cms", "verdict": verdict,
        "nodes": [
            {"name": "acanosrv01", "addresses": ["10.48.54.75"], "role": "primary", "role_as_of": "2017-03-30T11:20:00Z", "version": "2.1.4"},
            {"name": "acanosrv02", "addresses": ["10.48.54.76"], "role": "replica", "role_as_of": "2017-03-30T11:20:00Z", "version": "2.1.4"},
            {"name": "10.48.54.119", "addresses": ["10.48.54.119"], "role": "unknown", "role_as_of": null, "version": null}
        ],
        "facts": [{"subject": "acanosrv01", "name": "database status", "value": "Enabled", "observed": null, "evidence": []}],
        "diagnoses": diagnoses,
        "ruled_out": [{"fault": "cms.db.connection-blocked", "because": "the peer answered with a refusal, so the way to it is open", "evidence": []}],
        "not_checked": [{"fault": "cms.db.certificate-expired", "because": "no certificate of the cluster was given",
            "collect": "pki inspect <certificate>   (on each node)"}]
    })
}

fn incident(id: &str, fault: &str, title: &str, change: &Value) -> Value {
    let mut incident = json!({
        "id": id, "fault": fault, "role": "cause", "explained_by": [], "severity": "error", "confidence": "likely",
        "title": title, "summary": "10.48.54.119 refused the health check of acanosrv02 4 times within 3 minutes: its database does not listen.",
        "node": "acanosrv02", "peer": "10.48.54.119", "flow": null, "bindings": {},
        "first_seen": "2017-03-30T11:22:45Z", "last_seen": "2017-03-30T11:25:45Z", "time_certainty": "year_assumed",
        "count": 4, "cleared": false, "cleared_at": null,
        "evidence": [
            {"origin": "cms-bundles.zip!/acanosrv02/log/syslog", "line": 1201, "frame": null, "time": "2017-03-30T11:22:45Z",
             "excerpt": "Mar 30 11:22:45 user.info acanosrv02 sfpool: Health check 10.48.54.119: error (down): could not connect to server: Connection refused|#011Is the server running on host \"10.48.54.119\" and accepting|#011TCP/IP connections on port 5432?"},
            {"origin": "cms-bundles.zip!/acanosrv02/log/syslog", "line": 1377, "frame": null, "time": "2017-03-30T11:25:45Z",
             "excerpt": "Mar 30 11:25:45 user.info acanosrv02 sfpool: Health check 10.48.54.119: error (up = 1): could not connect to server: Connection refused"}
        ],
        "remedies": ["cms.db.check-listener"], "references": [{"doc": "210530", "section": "Troubleshoot"}]
    });
    for (key, value) in change.as_object().unwrap() {
        incident[key] = value.clone();
    }
    incident
}

fn file(origin: &str, format: &str, status: &str, notes: &[&str]) -> Value {
    let dated = format != "unrecognised" && status != "unread";
    let at = |time: &str| if dated { json!(time) } else { Value::Null };
    json!({"origin": origin, "format": format, "status": status, "bytes": 120_000, "lines": 12_345, "skipped": u64::from(status == "partial"),
        "first": at("2017-03-30T08:00:00Z"), "last": at("2017-03-30T12:00:00Z"), "notes": notes})
}

fn bundles() -> Value {
    json!([
        file(
            "cms-bundles.zip!/acanosrv01/log/syslog",
            "cms.syslog",
            "read",
            &[]
        ),
        file(
            "cms-bundles.zip!/acanosrv02/log/syslog",
            "cms.syslog",
            "read",
            &[]
        ),
        file("cms-bundles.zip!/status.txt", "cms.status", "read", &[]),
        file("cms-bundles.zip!/readme.md", "unrecognised", "read", &[]),
    ])
}

fn symptom(id: &str, change: &Value) -> Value {
    let mut symptom = incident(
        id,
        "cms.db.node-disconnected",
        "Database node is not connected",
        &json!({"role": "symptom", "explained_by": ["a"]}),
    );
    for (key, value) in change.as_object().unwrap() {
        symptom[key] = value.clone();
    }
    symptom
}

fn faulty() -> Report {
    let cause = incident(
        "a",
        "cms.db.connection-refused",
        "Database connection refused by a peer",
        &json!({}),
    );
    let out_of_sync = json!({"fault": "cms.db.replica-out-of-sync", "title": "Replica is out of sync", "severity": "warning", "peer": null, "explained_by": ["b"], "count": 1});
    let cleared = incident(
        "d",
        "cms.db.command-failed",
        "Command failed",
        &json!({"cleared": true, "cleared_at": "2017-03-30T10:00:00Z", "peer": null, "count": 1}),
    );
    let info = incident(
        "e",
        "cms.db.certificate-shared",
        "All nodes share one certificate",
        &json!({"severity": "info", "node": null, "peer": null,
        "first_seen": null, "last_seen": null, "time_certainty": "unknown", "count": 1}),
    );
    report(
        json!([cluster(
            "cms-lab",
            "faulty",
            json!([
                cause,
                info,
                cleared,
                symptom("b", &json!({})),
                symptom("c", &out_of_sync)
            ])
        )]),
        bundles(),
    )
}

#[test]
fn one_cause_with_its_symptoms() {
    check("faulty", &faulty());
}

#[test]
fn the_first_screen_tells_what_why_and_what_next() {
    let text = render(&faulty(), "en", 80, false);
    let screen: Vec<&str> = text.lines().take(24).collect();
    let screen = screen.join("\n");
    for needed in [
        "FAULTY",
        "cms-lab",
        "Meeting Server",
        "ERROR",
        "Database connection refused by a peer",
        "likely",
        "acanosrv02 → 10.48.54.119",
        "2017-03-30 11:22:45 to 11:25:45 UTC (year assumed)",
        "4 times",
        "its database does not listen",
        "syslog:1201",
        "Connection refused",
        "Database node is not connected",
        "cms.db.check-listener",
        "clusterdx explain cms.db.connection-refused",
        "Could not be checked",
    ] {
        assert!(
            screen.contains(needed),
            "{needed:?} is not on the first screen:\n{screen}"
        );
    }
}

#[test]
fn several_clusters_the_worst_first() {
    let two = json!([
        incident(
            "a",
            "cms.db.connection-refused",
            "Database connection refused by a peer",
            &json!({})
        ),
        incident(
            "b",
            "cms.db.no-primary",
            "No node is primary",
            &json!({"severity": "critical", "confidence": "certain", "peer": null, "time_certainty": "exact",
            "expected": "a cluster upgrade ran from 11:00 to 11:30", "flow": "10.48.54.76:40112 > 10.48.54.119:5432 REJ",
            "evidence": [{"origin": "status.txt", "line": 3, "frame": null, "time": null,
                "excerpt": "Status              : Enabled\nNodes:\n    10.48.54.75         : Connected Replica ( In Sync )\n    10.48.54.76 (me)    : Connected Replica ( In Sync )\nNode in use         : 10.48.54.75"},
                {"origin": "a.pcap", "line": null, "frame": 17, "time": null, "excerpt": "RST"}]})
        )
    ]);
    let clusters = json!([
        cluster("quiet", "healthy", json!([])),
        cluster("unclear", "insufficient", json!([])),
        cluster("cms-lab", "faulty", two)
    ]);
    let mut files = bundles();
    files.as_array_mut().unwrap().push(file("logs/expc02/diagnostics/a-rather-long-folder-name/another-one/diagnostic_log_expc02.tar.gz", "expressway.log", "partial", &["unexpected end of the gzip stream after 81920 bytes"]));
    files.as_array_mut().unwrap().push(file(
        "locked.zip!/secret.log",
        "unrecognised",
        "unread",
        &["it is encrypted"],
    ));
    check("clusters", &report(clusters, files));
}

#[test]
fn a_healthy_cluster() {
    let mut quiet = cluster("cms-lab", "healthy", json!([]));
    quiet["ruled_out"] = json!([]);
    quiet["not_checked"] = json!([]);
    check("healthy", &report(json!([quiet]), bundles()));
}

#[test]
fn nothing_recognised() {
    check(
        "nothing",
        &report(
            json!([]),
            json!([file("notes.txt", "unrecognised", "read", &[])]),
        ),
    );
}

#[test]
fn a_locked_archive_alone_could_not_be_read() {
    let locked = file(
        "logs.zip!/var/log/syslog",
        "unrecognised",
        "unread",
        &["it is encrypted"],
    );
    let text = render(&report(json!([]), json!([locked])), "en", 80, false);
    assert!(text.starts_with("NOTHING READ\n"), "{text}");
    assert!(!text.contains("known format"), "{text}");
    assert_eq!(
        text.matches("logs.zip!/var/log/syslog").count(),
        1,
        "{text}"
    );
    assert_eq!(text.matches("it is encrypted").count(), 1, "{text}");
}

#[test]
fn the_year_is_told_once_with_the_number_of_files() {
    let locale = Locale::new(&words(), "en");
    let note = locale.word("judge.note_year_assumed");
    let files: Vec<Value> = ["a/syslog", "b/syslog"]
        .iter()
        .map(|origin| file(origin, "cms.syslog", "read", &[note, "odd"]))
        .collect();
    let report = report(json!([cluster("c", "healthy", json!([]))]), json!(files));
    let text = render(&report, "en", 200, false);
    assert!(!text.contains(note), "{text}");
    assert_eq!(
        text.matches("The records of 2 files carry no year").count(),
        1,
        "{text}"
    );
    assert!(text.contains("a/syslog: odd\n"), "{text}");
}

#[test]
fn names_that_the_head_tells_need_no_table() {
    let node = |name: &str, role: &str| json!({"name": name, "addresses": [name], "role": role, "role_as_of": null, "version": null});
    let mut value = cluster("b, a", "healthy", json!([]));
    value["facts"] = json!([]);
    value["nodes"] = json!([node("a", "unknown"), node("b", "unknown")]);
    let text = render(&report(json!([value.clone()]), json!([])), "en", 80, false);
    assert!(!text.contains("\nNodes\n"), "{text}");
    value["nodes"] = json!([node("a", "replica"), node("b", "unknown")]);
    let text = render(&report(json!([value]), json!([])), "en", 80, false);
    let table = text.split("\nNodes\n").nth(1).unwrap();
    assert!(
        table.find("  b").unwrap() < table.find("  a ").unwrap(),
        "{text}"
    );
}

#[test]
fn many_incidents_stay_short() {
    let many: Vec<Value> = (0..60)
        .map(|n| incident(&format!("i{n}"), "cms.db.connection-refused", "Database connection refused by a peer", &json!({"peer": format!("10.48.54.{n}")})))
        .chain((0..500).map(|n| symptom(&format!("s{n}"), &json!({"explained_by": ["i0"], "peer": format!("10.48.54.{}", n % 250), "fault": format!("cms.db.f{}", n % 9)}))))
        .collect();
    let files: Vec<Value> = (0..900)
        .map(|n| {
            file(
                &format!("bundle.zip!/{n:03}.log"),
                if n % 2 == 0 {
                    "cms.syslog"
                } else {
                    "unrecognised"
                },
                "read",
                &[],
            )
        })
        .collect();
    let report = report(
        json!([cluster("cms-lab", "faulty", json!(many))]),
        json!(files),
    );
    let text = render(&report, "en", 80, false);
    assert!(text.lines().count() < 250, "{} lines", text.lines().count());
    check("many", &report);
}

#[test]
fn other_languages() {
    for lang in ["ko", "pt-BR"] {
        let text = render(&faulty(), lang, 80, false);
        for line in text.lines() {
            assert!(
                line.width() <= 80,
                "{lang}: {} columns in {line:?}",
                line.width()
            );
        }
        golden(&format!("faulty.{lang}.80.txt"), &text);
    }
}

#[test]
fn hostile_text_is_shown_and_does_nothing() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}gnp.exe\u{200b}\r\nerror: forged line\u{2028}x 한국어 😀 {{node}} {count}";
    let mut hostile = cluster(
        evil,
        "faulty",
        json!([incident(
            "a",
            evil,
            evil,
            &json!({
                "summary": evil, "node": evil, "peer": evil, "flow": evil, "expected": evil, "remedies": [evil], "first_seen": evil, "last_seen": evil,
                "evidence": [{"origin": evil, "line": 1, "frame": null, "time": evil, "excerpt": evil}],
                "bindings": {evil: {"type": "text", "value": evil}}
            })
        )]),
    );
    hostile["nodes"][0]["name"] = json!(evil);
    hostile["nodes"][0]["addresses"] = json!([evil]);
    hostile["facts"][0]["value"] = json!(evil);
    hostile["ruled_out"][0]["because"] = json!(evil);
    hostile["not_checked"][0]["collect"] = json!(evil);
    let report = report(
        json!([hostile]),
        json!([
            file(evil, evil, "partial", &[evil]),
            file(evil, "unrecognised", "read", &[evil])
        ]),
    );
    for width in [40, 80, 200] {
        for colour in [false, true] {
            let text = render(&report, "en", width, colour);
            let text = if colour { without_colour(&text) } else { text };
            assert!(
                !text.chars().any(|c| (c.is_control() && c != '\n')
                    || matches!(c, '\u{200b}' | '\u{202e}' | '\u{2028}')),
                "{text:?}"
            );
            for line in text.lines() {
                assert!(
                    line.width() <= width,
                    "{width}: {} columns in {line:?}",
                    line.width()
                );
                // text of its own stands at the edge, text of the input never does
                assert!(!line.starts_with("error:"), "{text}");
            }
        }
    }
}

/// Takes out the program's own colours and nothing else.
fn without_colour(text: &str) -> String {
    ["1", "2", "1;31", "1;33", "1;32", "36", "0"]
        .iter()
        .fold(text.to_owned(), |text, code| {
            text.replace(&format!("\u{1b}[{code}m"), "")
        })
}

#[test]
fn colour_adds_nothing_but_colour() {
    let plain = render(&faulty(), "en", 80, false);
    assert_eq!(without_colour(&render(&faulty(), "en", 80, true)), plain);
}
