//! A report in other names: `diagnose --redact`.

use std::path::Path;

use serde_json::Value;

use super::{internal, map_file, refuse};
use crate::cli::failure::Failure;
use crate::model::report::Report;
use crate::redact::leak::Search;
use crate::redact::learn::Learner;
use crate::redact::map::Map;
use crate::redact::text::Redactor;

/// Fields that hold words of the report or of the rules.
const OURS: [&str; 20] = [
    "schema",
    "version",
    "rules_digest",
    "product",
    "verdict",
    "role",
    "role_as_of",
    "fault",
    "severity",
    "confidence",
    "type",
    "first_seen",
    "last_seen",
    "time_certainty",
    "cleared_at",
    "time",
    "observed",
    "remedies",
    "references",
    "format",
];
/// Fields that hold what names were hashed into.
const HASHES: [&str; 2] = ["id", "explained_by"];

/// What replaces the names of a report, by a map that is kept, or by one that is gone afterwards.
///
/// # Errors
/// When the map cannot be read or written.
pub(in crate::cli) fn redactor(learner: Learner, map: Option<&Path>) -> Result<Redactor, Failure> {
    let known = match map {
        Some(path) => map_file::load(path)?,
        None => Map::new(map_file::key()?),
    };
    let redactor = learner.finish(known).map_err(internal)?;
    if let Some(path) = map {
        map_file::save(path, redactor.map())?;
    }
    Ok(redactor)
}

/// The report in other names.
///
/// # Errors
/// When something is left that should have gone.
pub(in crate::cli) fn report(report: &Report, redactor: &mut Redactor) -> Result<Report, Failure> {
    let wrong = |error: serde_json::Error| internal(error.to_string());
    let mut tree = serde_json::to_value(report).map_err(wrong)?;
    redact(&mut tree, redactor);
    let text = tree.to_string();
    let search = Search::new(redactor.clone()).map_err(internal)?;
    let mut leaks = Vec::new();
    search.bytes(text.as_bytes(), 0..text.len(), 0, &mut leaks);
    if let Some(leak) = leaks.first() {
        return Err(refuse(
            "cannot redact the report",
            &format!("a {} would be left in it ({})", leak.what, leak.form),
            "run it without '--redact' and do not share the report",
        ));
    }
    serde_json::from_value(tree).map_err(wrong)
}

fn redact(tree: &mut Value, redactor: &mut Redactor) {
    match tree {
        Value::String(text) => *text = redactor.text(text),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, redactor)),
        Value::Object(fields) => {
            for (key, item) in fields {
                if HASHES.contains(&key.as_str()) {
                    rehash(item, redactor);
                } else if !OURS.contains(&key.as_str()) {
                    redact(item, redactor);
                }
            }
        }
        _ => {}
    }
}

/// Hashes of names could be tried out; others take their place.
fn rehash(tree: &mut Value, redactor: &Redactor) {
    match tree {
        Value::String(text) => {
            let bytes = redactor.map().bytes("incident", text.as_bytes());
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            *text = hex
                .get(..text.len().min(hex.len()))
                .unwrap_or_default()
                .to_owned();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rehash(item, redactor)),
        _ => {}
    }
}
