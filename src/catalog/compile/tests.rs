use super::*;

const GOOD: &str = "id: cms.test.one
product: cms
severity: error
title: {en: One}
summary: {en: '{{node}} to {{peer}}'}
signals:
  a: {format: cms.syslog, where: {program: sfpool, 'message|re': 'Health check (?P<peer>\\S+):'}, bind: {node: host, peer: peer}}
correlate:
  many: {type: event_count, of: [a], timespan: 10m, condition: {gte: 3}}
when:
  - {all: [many], confidence: likely}
  - {all: [a], confidence: possible}
";

fn file(kind: &str, text: &str) -> RuleFile {
    RuleFile {
        kind: kind.into(),
        path: format!("{kind}/t.yaml"),
        text: text.into(),
    }
}

fn problems(text: &str) -> Vec<String> {
    match compile(Catalog::default(), &[file("faults", text)]) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .iter()
            .map(|p| format!("{p}; near: {}", p.near.join(" ")))
            .collect(),
    }
}

#[test]
fn a_fault_is_compiled_and_survives_the_blob() {
    let catalog = compile(Catalog::default(), &[file("faults", GOOD)]).unwrap();
    let fault = catalog.fault("cms.test.one").unwrap();
    assert_eq!(fault.signals[0].literals, ["Health check "]);
    assert_eq!(fault.when.len(), 2);
    assert!(catalog.digest().starts_with("sha256:"));
    assert_eq!(
        Catalog::from_blob(&catalog.to_blob().unwrap()).unwrap(),
        catalog
    );
}

#[test]
fn mistakes_are_named_with_their_place() {
    let p = problems(&GOOD.replace("'message|re'", "'mesage|re'"));
    assert_eq!(
        p,
        ["faults/t.yaml:7:53: format 'cms.syslog' has no field 'mesage'; near: message"]
    );
    let p = problems(&GOOD.replace("cms.syslog", "cms.sylog"));
    assert!(
        p[0].starts_with("faults/t.yaml:7:") && p[0].contains("near: cms.syslog"),
        "{p:?}"
    );
    let p = problems(&GOOD.replace("all: [many]", "all: [mani]"));
    assert!(
        p[0].contains("unknown signal or correlation 'mani'; near: many"),
        "{p:?}"
    );
    let p = problems(&GOOD.replace("severity: error", "severty: error"));
    assert!(p[0].starts_with("faults/t.yaml:3:"), "{p:?}");
    let p = problems(&format!(
        "{GOOD}explains: [cms.test.two]\nremedies: [none.such]\n"
    ));
    assert_eq!(p.len(), 2, "{p:?}");
    assert!(p.iter().all(|p| p.starts_with("faults/t.yaml:1")), "{p:?}");
    let p = problems(&GOOD.replace("{{peer}}", "{{pear}}"));
    assert!(p[0].contains("no signal binds 'pear'"), "{p:?}");
    let p = problems(&GOOD.replace("10m", "10 parsecs"));
    assert!(p[0].contains("not a time span"), "{p:?}");
}

#[test]
fn an_overlay_replaces_by_id_and_a_loop_is_refused() {
    let base = compile(Catalog::default(), &[file("faults", GOOD)]).unwrap();
    let changed = compile(
        base.clone(),
        &[file("faults", &GOOD.replace("en: One", "en: Uno"))],
    )
    .unwrap();
    assert_eq!(changed.faults.len(), 1);
    assert_eq!(changed.faults[0].title.en, "Uno");
    assert_ne!(changed.digest(), base.digest());
    let p = problems(&format!("{GOOD}explains: [cms.test.one]\n"));
    assert!(p[0].contains("explains itself"), "{p:?}");
}

#[test]
fn spans_are_read() {
    assert_eq!(parse_span("500ms"), Some(500_000));
    assert_eq!(parse_span("10m"), Some(600_000_000));
    assert_eq!(parse_span("m"), None);
    assert_eq!(parse_span("99999999999d"), None);
}

#[test]
fn port_roles_are_those_of_the_list() {
    let ports = "- {port: 5432, transport: tcp, role: cms-db, product: cms}\n";
    let rule = |role: &str| {
        GOOD.replace("cms.syslog", "net.flow")
            .replace(
                "program: sfpool, 'message|re': 'Health check (?P<peer>\\S+):'",
                &format!("'responder_port|port_role': {role}"),
            )
            .replace(
                "node: host, peer: peer",
                "node: originator, peer: responder",
            )
    };
    let all = |role: &str, ports: &str| {
        let files = [file("faults", &rule(role)), file("ports.yaml", ports)];
        compile(Catalog::default(), &files).map_err(|problems| {
            let told = problems
                .iter()
                .map(|p| format!("{p}; near: {}", p.near.join(" ")));
            told.collect::<Vec<_>>()
        })
    };
    assert!(all("cms-db", ports).is_ok());
    assert_eq!(
        all("cms-bd", ports).unwrap_err(),
        ["faults/t.yaml:7:61: unknown port role 'cms-bd'; near: cms-db"]
    );
    let wrong = all("cms-db", &ports.replace("tcp", "sctp")).unwrap_err();
    assert_eq!(
        wrong,
        ["ports.yaml/t.yaml:1:27: 'sctp' is not a transport; near: "]
    );
    // a later list replaces single ports
    let known = all("cms-db", ports).unwrap();
    let later = "- {port: 5432, transport: tcp, role: other-db, product: cms}\n- {port: 1, transport: udp, role: cms-db, product: cms}\n";
    let both = compile(known, &[file("ports.yaml", later)]).unwrap();
    assert_eq!(both.ports.len(), 2);
}

#[test]
fn names_are_checked_and_the_last_of_one_name_counts() {
    let names = |text: &str| {
        compile(Catalog::default(), &[file("names", text)])
            .map(|catalog| catalog.names)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let alarm = "- {name: X, is: alarm, product: imp, facility: UC_A, level: 2, title: a}\n";
    let both = format!("{alarm}{}", alarm.replace("title: a", "title: b"));
    let found = names(&both).expect("good names");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].title.as_deref(), Some("b"));
    let apart = format!("{alarm}{}", alarm.replace("UC_A", "UC_B"));
    assert_eq!(names(&apart).expect("good names").len(), 2);
    let wrong = |text: &str, part: &str| {
        let told = names(text).expect_err(text).join(" ");
        assert!(told.contains(part), "{told}");
    };
    wrong(&alarm.replace("level: 2", "level: 8"), "from 0 to 7");
    wrong(&alarm.replace("is: alarm", "is: state"), "only an alarm");
    wrong(&alarm.replace("is: alarm", "is: cause"), "cause");
}

#[test]
fn a_range_of_versions_is_checked() {
    let good = format!("{GOOD}applies_to: {{versions: '>=2.7, <4'}}\n");
    let catalog = compile(Catalog::default(), &[file("faults", &good)]).unwrap();
    let range = catalog.fault("cms.test.one").unwrap().versions.as_ref();
    assert_eq!(range.and_then(|range| range.hold("3.8.1")), Some(true));
    let p = problems(&format!("{GOOD}applies_to: {{versions: newer}}\n"));
    assert!(
        p.len() == 1 && p[0].contains("'newer' is no range"),
        "{p:?}"
    );
}

#[test]
fn an_undecided_clause_has_no_confidence_and_says_what_to_collect() {
    let clause = "when:\n  - {all: [a], undecided: true}\n";
    let undecided = GOOD.replace("when:\n", clause);
    let p = problems(&undecided);
    assert!(p.len() == 1 && p[0].contains("asks for 'needs'"), "{p:?}");
    let p = problems(&format!("{undecided}needs: [{{collect: log}}]\n"));
    assert!(p.is_empty(), "{p:?}");
    let needs = "needs: [{collect: log}]\n";
    for wrong in ["", ", confidence: likely, undecided: true"] {
        let p = problems(&(GOOD.replace(", confidence: likely", wrong) + needs));
        assert!(
            p.len() == 1 && p[0].contains("unless it is 'undecided'"),
            "'{wrong}': {p:?}"
        );
    }
}

#[test]
fn the_name_of_a_file_is_tested_as_text_and_without_alternatives() {
    let with = |test: &str| GOOD.replace("program: sfpool", &format!("program: sfpool, {test}"));
    let good = with("'file.name|startswith': [server_, log]");
    let catalog = compile(Catalog::default(), &[file("faults", &good)]).unwrap();
    let signal = &catalog.fault("cms.test.one").unwrap().signals[0];
    assert_eq!(signal.file_name.len(), 1);
    assert!(
        signal
            .condition
            .iter()
            .flatten()
            .all(|test| test.field != "file.name")
    );
    let p = problems(&with("'file.name|re': 'server_.*'"));
    assert!(p.len() == 1 && p[0].contains("takes 'startswith'"), "{p:?}");
    let two = GOOD
        .replace("where: {program", "where: [{'file.name': log, program")
        .replace(
            "(?P<peer>\\S+):'}, bind",
            "(?P<peer>\\S+):'}, {program: postgres}], bind",
        );
    let p = problems(&two);
    assert!(
        p.iter().any(|p| p.contains("without alternatives")),
        "{p:?}"
    );
}

const REMEDY: &str = "id: cms.test.fix
for: [cms.test.one]
title: {en: Fix}
dialect: cms-test
on: {role: primary}
risk: change
skip_if:
  - {run: status, expect: {format: cms.status, where: {status: Enabled}}}
prechecks:
  - {run: status, expect: {format: cms.status, where: {me: '{{node}}'}}}
steps:
  - {run: 'mend {{node:host}}', until: {run: status, expect: {format: cms.status, where: {status: Enabled}}}}
";

const DIALECT: &str = "id: cms-test
prompt: '> $'
unknown_command: [Unknown]
reads: [status]
verbs: [mend]
";

fn remedy_problems(remedy: &str) -> String {
    let fault = GOOD.to_owned() + "remedies: [cms.test.fix]\n";
    let files = [
        file("faults", &fault),
        file("remedies", remedy),
        file("dialects", DIALECT),
    ];
    match compile(Catalog::default(), &files) {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(|p| format!("{p}\n")).collect(),
    }
}

#[test]
fn checks_of_remedies_prove_something_and_change_nothing() {
    assert_eq!(remedy_problems(REMEDY), "");
    let cases = [
        (
            "  - {run: status, expect: {format: cms.status, where: {me: '{{node}}'}}}",
            "  - {run: status}",
            "a check without 'expect' proves nothing",
        ),
        (
            "prechecks:\n  - {run: status",
            "prechecks:\n  - {run: mend",
            "a check only looks",
        ),
        ("{{node:host}}", "{{node}}", "has neither a type"),
        ("mend {{", "break {{", "is not a verb of dialect"),
    ];
    for (from, to, message) in cases {
        let changed = REMEDY.replace(from, to);
        assert_ne!(changed, REMEDY, "{from}");
        let problems = remedy_problems(&changed);
        assert!(problems.contains(message), "{to}: {problems}");
    }
    let silent = REMEDY
        .split(", until")
        .next()
        .unwrap_or_default()
        .to_owned()
        + "}\n";
    assert!(remedy_problems(&silent).contains("says how that shows"));
    let problems = problems(&format!("{GOOD}cleared_by: []\ncleared_anywhere: [a]\n"));
    assert!(
        problems[0].contains("none of the signals of 'cleared_by'"),
        "{problems:?}"
    );
}
