//! The shapes of the JSON report and of rule files are a contract: `rules/schema/*-1.json` are
//! generated from the Rust types. `UPDATE=1 cargo test --test schema` writes them anew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clusterdx::catalog::compile::{self, RuleFile};
use clusterdx::catalog::{Catalog, read_yaml, schema};
use clusterdx::locale::Locale;
use clusterdx::model::check::{self, CheckReport};
use clusterdx::model::diff::{self, Diff};
use clusterdx::model::report::Report;
use clusterdx::report::{self, Known, Look};
use serde_json::{Value, json};

fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

/// Compares a schema with the file in the repository, or writes that file with `UPDATE=1`.
fn committed(kind: &str, schema: &Value) {
    let path = rules().join(format!("schema/{kind}-1.json"));
    let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == text,
        "rules/schema/{kind}-1.json is not what the types say: UPDATE=1 cargo test --test schema"
    );
}

fn generated() -> Value {
    let mut schema = schemars::schema_for!(Report).to_value();
    schema["$id"] = json!("clusterdx.report/1");
    schema["title"] = json!("clusterdx.report/1");
    schema
}

fn generated_check() -> Value {
    let mut schema = schemars::schema_for!(CheckReport).to_value();
    schema["$id"] = json!(check::SCHEMA);
    schema["title"] = json!(check::SCHEMA);
    schema
}

fn generated_diff() -> Value {
    let mut schema = schemars::schema_for!(Diff).to_value();
    schema["$id"] = json!(diff::SCHEMA);
    schema["title"] = json!(diff::SCHEMA);
    schema
}

#[test]
fn the_schemas_in_the_repository_are_those_of_the_types() {
    committed("report", &generated());
    committed("check", &generated_check());
    committed("diff", &generated_diff());
    let mut expected = BTreeSet::from([
        "report-1.json".to_owned(),
        "check-1.json".to_owned(),
        "diff-1.json".to_owned(),
    ]);
    for (kind, schema) in schema::all() {
        committed(kind, schema.as_value());
        expected.insert(format!("{kind}-1.json"));
    }
    let there: BTreeSet<String> = std::fs::read_dir(rules().join("schema"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, expected, "no schema is left over");
}

fn sample() -> Value {
    let evidence = json!([{"origin": "a.zip!/b.tar.gz!/log", "line": 12, "frame": null, "time": "2017-03-30T11:22:45Z", "excerpt": "한국어 \u{1b}[31m \u{0}"}]);
    json!({
        "schema": "clusterdx.report/1",
        "tool": {"version": "0.1.0", "rules_digest": "sha256:00"},
        "clusters": [{
            "name": "cms-lab", "product": "cms", "verdict": "faulty",
            "nodes": [{"name": "cms1", "addresses": ["10.0.0.1"], "role": "primary", "role_as_of": null, "version": null}],
            "facts": [{"subject": "cms1", "name": "status", "value": "Enabled", "observed": null, "evidence": evidence}],
            "states": [{"node": "imp1a", "name": "ha", "state": "Normal", "reason": null, "at": "2026-03-02T15:05:00Z", "evidence": evidence}],
            "views": [{"observer": "cms1", "node": "cms2", "role": "replica", "at": null, "evidence": evidence}],
            "diagnoses": [{
                "id": "i1", "fault": "cms.db.connection-refused", "role": "symptom", "explained_by": ["i0"],
                "severity": "error", "confidence": "likely", "title": "t", "summary": "s", "node": "cms1", "peer": null, "flow": null,
                "bindings": {"service": {"type": "word", "value": "v"}},
                "first_seen": "2017-03-30T11:22:45Z", "last_seen": null, "time_certainty": "year_assumed",
                "count": 1, "cleared": true, "cleared_at": "2017-03-30T11:30:00Z", "expected": "an upgrade",
                "evidence": evidence, "remedies": ["r"], "references": [{"doc": "210530", "section": null}],
                "disputed": "d"
            }],
            "ruled_out": [{"fault": "f", "because": "b", "evidence": []}],
            "not_checked": [{"fault": "f", "because": "b", "collect": "c"}]
        }],
        "coverage": [{"origin": "x", "format": "unrecognised", "status": "unread", "bytes": 0, "lines": 0, "packets": 0, "skipped": 0, "first": null, "last": null, "notes": ["n"]}],
        "omitted": {"diagnoses": 0, "nodes": 0, "coverage": 0, "facts": 0, "states": 0, "views": 0, "clusters": 0, "ruled_out": 0, "not_checked": 0}
    })
}

#[test]
fn a_written_report_fits_the_schema() {
    let report: Report = serde_json::from_value(sample()).unwrap();
    let locale = Locale::default();
    let known = Known::default();
    let mut out = Vec::new();
    report::find("json")
        .unwrap()
        .write(
            &report,
            &Look {
                locale: &locale,
                width: 80,
                year: None,
                colour: false,
                known: &known,
                attached: report::Attached::NOTHING,
            },
            &mut out,
        )
        .unwrap();
    let written: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(written, sample(), "nothing is lost or renamed");
    assert!(
        !out.iter().any(|b| *b < 0x20 && *b != b'\n'),
        "control characters are escaped"
    );
    let validator = jsonschema::validator_for(&generated()).unwrap();
    assert!(
        validator.is_valid(&written),
        "{:?}",
        validator
            .iter_errors(&written)
            .map(|e| e.to_string())
            .collect::<Vec<_>>()
    );
}

#[test]
fn the_schema_refuses_what_the_contract_does() {
    let validator = jsonschema::validator_for(&generated()).unwrap();
    for (pointer, wrong) in [
        ("/clusters/0/verdict", json!("fine")),
        ("/clusters/0/diagnoses/0/severity", json!("fatal")),
        ("/clusters/0/diagnoses/0/count", json!("1")),
        ("/coverage/0/status", json!("skipped")),
    ] {
        let mut value = sample();
        *value.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validator.is_valid(&value), "{pointer}");
    }
}

/// Every built-in rule file: kind of its schema, file and value.
fn rule_files() -> Vec<(&'static str, RuleFile, Value)> {
    let files = compile::read_folder(&rules()).unwrap();
    files
        .into_iter()
        .map(|file| {
            let kind = match file.kind.as_str() {
                "faults" => "fault",
                "facts" => "fact",
                "remedies" => "remedy",
                "dialects" => "dialect",
                "guides" => "guide",
                "runbooks" => "runbook",
                "locales" => "locale",
                "ports.yaml" => "ports",
                "alarms.yaml" => "alarms",
                "names" => "names",
                "releases.yaml" => "releases",
                other => panic!("{}: no schema for '{other}'", file.path),
            };
            let value = read_yaml::<Value>(&file.path, &file.text).unwrap();
            (kind, file, value)
        })
        .collect()
}

fn validators() -> Vec<(&'static str, jsonschema::Validator)> {
    schema::all()
        .into_iter()
        .map(|(kind, schema)| (kind, jsonschema::validator_for(schema.as_value()).unwrap()))
        .collect()
}

fn wrong(validators: &[(&str, jsonschema::Validator)], kind: &str, value: &Value) -> Vec<String> {
    let (_, validator) = validators.iter().find(|(known, _)| *known == kind).unwrap();
    validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn every_built_in_rule_fits_its_schema() {
    let validators = validators();
    let files = rule_files();
    for (kind, _) in &validators {
        assert!(files.iter().any(|(of, _, _)| of == kind), "no {kind} read");
    }
    for (kind, file, value) in &files {
        let wrong = wrong(&validators, kind, value);
        assert!(wrong.is_empty(), "{}: {wrong:?}", file.path);
    }
}

/// All copies of a value with one thing changed: a key removed, a key added, or a text replaced.
fn slips(value: &Value) -> Vec<(String, Value)> {
    fn walk(at: &Value, pointer: &str, root: &Value, out: &mut Vec<(String, Value)>) {
        let mut change = |what: String, edit: &dyn Fn(&mut Value)| {
            let mut copy = root.clone();
            edit(copy.pointer_mut(pointer).unwrap());
            out.push((what, copy));
        };
        match at {
            Value::Object(map) => {
                for key in map.keys() {
                    change(format!("{pointer} without {key}"), &|v| {
                        v.as_object_mut().unwrap().remove(key);
                    });
                }
                change(format!("{pointer} with more"), &|v| {
                    v["no-such-key"] = json!("x");
                });
                for (key, below) in map {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    walk(below, &format!("{pointer}/{key}"), root, out);
                }
            }
            Value::Array(list) => {
                for (n, below) in list.iter().enumerate() {
                    walk(below, &format!("{pointer}/{n}"), root, out);
                }
            }
            Value::String(_) => change(format!("{pointer} replaced"), &|v| *v = json!("No such")),
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(value, "", value, &mut out);
    out
}

#[test]
fn a_schema_is_never_stricter_than_the_program() {
    let validators = validators();
    let builtin = Catalog::builtin().unwrap();
    let mut caught = BTreeSet::new();
    let mut seen = std::collections::BTreeMap::new();
    for (kind, file, mut value) in rule_files() {
        // a few files of each kind say as much as all, and so do a few entries of a list
        if let Value::Array(list) = &mut value {
            list.truncate(6);
        }
        let nth = seen.entry(kind).or_insert(0);
        *nth += 1;
        // guides are long and repeat themselves
        let enough = if matches!(kind, "guide" | "runbook") {
            1
        } else {
            4
        };
        if *nth > enough {
            continue;
        }
        for (what, slip) in slips(&value) {
            // a translation is a text like the English one
            if what.contains("/ko") || what.contains("/pt-BR") {
                continue;
            }
            let refused = wrong(&validators, kind, &slip);
            if refused.is_empty() {
                continue;
            }
            caught.insert(kind);
            // JSON is YAML
            let text = slip.to_string();
            let taken = compile::compile(
                builtin.clone(),
                &[RuleFile {
                    text,
                    ..file.clone()
                }],
            );
            assert!(
                taken.is_err(),
                "{}{what} is taken by the program, and by the schema it is {refused:?}",
                file.path
            );
        }
    }
    for kind in ["fault", "fact", "remedy", "dialect", "ports", "names"] {
        assert!(
            caught.contains(kind),
            "the schema of {kind} refuses nothing"
        );
    }
}

#[test]
fn a_schema_catches_the_usual_slips() {
    let validators = validators();
    let fault = json!({
        "id": "cms.db.example", "product": "cms", "severity": "error", "title": "t",
        "signals": {"s": {"format": "cms.syslog", "where": {"message|contains": "x"}}},
        "correlate": {"c": {"type": "event_count", "of": ["s"], "timespan": "10m", "condition": {"gte": 3}}},
        "when": [{"all": ["c"], "confidence": "likely"}], "quiet": "30m"
    });
    assert_eq!(wrong(&validators, "fault", &fault), [""; 0]);
    for (pointer, slip) in [
        ("/id", json!("CMS example")),
        ("/severity", json!("fatal")),
        ("/product", json!("webex")),
        ("/title", json!({"ko": "only Korean"})),
        ("/signals/s/format", json!("cms.sylog")),
        ("/signals/s/where", json!({"message|contain": "x"})),
        ("/signals/s/where", json!([{"message": []}])),
        ("/correlate/c/type", json!("count")),
        ("/correlate/c/timespan", json!("10 minutes")),
        ("/correlate/c/condition", json!({"ge": 3})),
        ("/when/0/confidence", json!("sure")),
        ("/quiet", json!("half an hour")),
    ] {
        let mut value = fault.clone();
        *value.pointer_mut(pointer).unwrap() = slip;
        assert!(!wrong(&validators, "fault", &value).is_empty(), "{pointer}");
    }
}
