//! The shape of the JSON report is a contract: `rules/schema/report-1.json` is generated from the
//! Rust types. `UPDATE=1 cargo test --test schema` writes it anew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

use clusterdx::locale::Locale;
use clusterdx::model::report::Report;
use clusterdx::report::{self, Known, Look};
use serde_json::{Value, json};

fn path() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/schema/report-1.json")
}

fn generated() -> Value {
    let mut schema = schemars::schema_for!(Report).to_value();
    schema["$id"] = json!("clusterdx.report/1");
    schema["title"] = json!("clusterdx.report/1");
    schema
}

#[test]
fn the_schema_in_the_repository_is_that_of_the_types() {
    let text = format!("{}\n", serde_json::to_string_pretty(&generated()).unwrap());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path(), &text).unwrap();
    }
    let committed = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(
        committed == text,
        "rules/schema/report-1.json is not what the types say: UPDATE=1 cargo test --test schema"
    );
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
            "diagnoses": [{
                "id": "i1", "fault": "cms.db.connection-refused", "role": "symptom", "explained_by": ["i0"],
                "severity": "error", "confidence": "likely", "title": "t", "summary": "s", "node": "cms1", "peer": null, "flow": null,
                "bindings": {"service": {"type": "word", "value": "v"}},
                "first_seen": "2017-03-30T11:22:45Z", "last_seen": null, "time_certainty": "year_assumed",
                "count": 1, "cleared": true, "cleared_at": "2017-03-30T11:30:00Z", "expected": "an upgrade",
                "evidence": evidence, "remedies": ["r"], "references": [{"doc": "210530", "section": null}]
            }],
            "ruled_out": [{"fault": "f", "because": "b", "evidence": []}],
            "not_checked": [{"fault": "f", "because": "b", "collect": "c"}]
        }],
        "coverage": [{"origin": "x", "format": "unrecognised", "status": "unread", "bytes": 0, "lines": 0, "skipped": 0, "first": null, "last": null, "notes": ["n"]}],
        "omitted": {"diagnoses": 0, "nodes": 0, "coverage": 0}
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
                colour: false,
                known: &known,
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
