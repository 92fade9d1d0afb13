//! Rules of a stranger: refused with a reason, or read; never expensive.

use super::child::{Folder, Ran};

fn with_rules(kind: &str, text: &str) -> Ran {
    let folder = Folder::with_good_log();
    folder.file(&format!("rules/{kind}/x.yaml"), text);
    folder.run(&[
        "diagnose", "good.txt", "--format", "json", "--rules", "rules",
    ])
}

fn refused(text: &str, why: &str) {
    let ran = with_rules("faults", text);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.starts_with("error: "), "{}", ran.err);
    assert!(ran.err.contains("x.yaml"), "{}", ran.err);
    assert!(ran.err.contains(why), "{}", ran.err);
    assert!(ran.err.len() < 20_000, "{} bytes of reasons", ran.err.len());
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for at in 1..30 {
        let again = vec![format!("*a{}", at - 1); 10].join(", ");
        text.push_str(&format!("a{at}: &a{at} [{again}]\n"));
    }
    refused(&text, "");
}

#[test]
fn depth_and_size_of_yaml_are_bounded() {
    refused(&"[".repeat(1_000_000), "");
    refused(
        &format!("id: {}{}\n", "{a: ".repeat(50_000), "}".repeat(50_000)),
        "",
    );
    let huge = "x".repeat(20_000_000);
    refused(&format!("id: \"{huge}\"\n"), "");
    refused(&format!("{huge}: 1\n"), "");
}

/// A rule that is fine but for what is put into it.
fn fault(id: &str, signals: &str, rest: &str) -> String {
    format!(
        "id: {id}\nproduct: expressway\nstatus: experimental\nseverity: error\ntitle: t\nsummary: s\nadvice: a\nsignals:\n  s: {signals}\nwhen: [{{all: [s], confidence: likely}}]\n{rest}"
    )
}

const SIGNAL: &str =
    "{format: expressway.log, where: {message|contains: mnesia_down}, bind: {node: host}}";

#[test]
fn patterns_that_would_be_expensive_are_refused() {
    for pattern in ["(x{1000}){1000}", "((((a{100}){100}){100}){100})", "("] {
        let signal = format!(
            "{{format: expressway.log, where: {{message|re: '{pattern}'}}, bind: {{node: host}}}}"
        );
        refused(&fault("expressway.x.y", &signal, ""), "regular expression");
    }
}

#[test]
fn causes_that_go_in_a_circle_are_refused_or_harmless() {
    let one = fault("expressway.x.a", SIGNAL, "explains: [expressway.x.b]\n");
    let two = fault("expressway.x.b", SIGNAL, "explains: [expressway.x.a]\n");
    let folder = Folder::with_good_log();
    folder.file("rules/faults/a.yaml", one);
    folder.file("rules/faults/b.yaml", two);
    let ran = folder.run(&[
        "diagnose", "good.txt", "--format", "json", "--rules", "rules",
    ]);
    assert!(ran.code == Some(2) || ran.faults().len() > 2, "{}", ran.err);
    assert!(
        ran.code != Some(2) || ran.err.contains("explains"),
        "{}",
        ran.err
    );
    // a fault that explains itself
    let own = fault("expressway.x.a", SIGNAL, "explains: [expressway.x.a]\n");
    assert_eq!(with_rules("faults", &own).code, Some(2));
}

#[test]
fn facts_that_go_in_a_circle_are_harmless() {
    let facts = "id: expressway.fact.circle\nproduct: expressway\nsignals:\n  s: {format: expressway.log, where: {Node|exists: true}, bind: {a: host, b: Node}}\nfacts:\n  - {subject: a, same_as: b}\n  - {subject: b, same_as: a}\n  - {subject: a, same_as: a}\n  - {subject: a, peer: a, cluster: same}\n";
    let ran = with_rules("facts", facts);
    assert!(matches!(ran.code, Some(0..=3)), "{}", ran.err);
    if ran.code == Some(2) {
        assert!(ran.err.starts_with("error: "), "{}", ran.err);
    }
}
