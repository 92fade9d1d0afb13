//! Parameters of commands: typed values of a finding, never text.

use crate::catalog::fault::ValueType;
use crate::catalog::remedy::{Dialect, Expect};
use crate::catalog::text;
use crate::model::inventory::is_host;
use crate::model::plan::PlannedIncident;

/// Longest word.
const WORD: usize = 64;

/// A command with its parameters filled in, or why it cannot be.
pub(super) fn command(
    template: &str,
    incident: &PlannedIncident,
    dialect: &Dialect,
) -> Result<String, String> {
    for place in text::placeholders(template) {
        let (name, kind) = parted(place);
        let value = incident.value(name).ok_or_else(|| {
            format!("the finding does not say '{name}', which the command '{template}' needs")
        })?;
        if typed(value, kind, dialect).is_none() {
            return Err(format!("'{name}' of the finding is no {}", in_words(kind)));
        }
    }
    let filled = text::fill(template, &|place| {
        let (name, kind) = parted(place);
        typed(incident.value(name)?, kind, dialect)
    });
    let plain = filled.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if plain && dialect.allows(&filled) {
        Ok(filled)
    } else {
        Err(format!(
            "'{template}' is no command that '{}' allows",
            dialect.id
        ))
    }
}

/// A text for people with values filled in.
pub(super) fn words(template: &str, incident: &PlannedIncident) -> String {
    text::fill(template, &|place| {
        incident.value(parted(place).0).map(str::to_owned)
    })
}

/// An expectation with values filled in: they are compared with what a node says, never sent.
pub(super) fn expect(expect: &Expect, incident: &PlannedIncident) -> Option<Expect> {
    expect.bound(&|place| incident.value(parted(place).0).map(str::to_owned))
}

/// Name and type of a place.
fn parted(place: &str) -> (&str, &str) {
    place.split_once(':').unwrap_or((place, ""))
}

/// The value as it may stand in a command, if it is of the type.
fn typed(value: &str, kind: &str, dialect: &Dialect) -> Option<String> {
    let value = value.trim();
    if let Some(list) = dialect.words.get(kind) {
        // the spelling that is sent is ours
        return list
            .iter()
            .find(|word| word.eq_ignore_ascii_case(value))
            .cloned();
    }
    let kind = sent(kind)?;
    let fits = match kind {
        ValueType::Host | ValueType::Node => is_host(value),
        ValueType::Word => value.len() <= WORD && !value.starts_with('-'),
        _ => true,
    };
    (fits && kind.holds(value)).then(|| value.to_owned())
}

/// The type of values that a command may take, by its word.
fn sent(kind: &str) -> Option<ValueType> {
    ValueType::SENT.into_iter().find(|t| t.as_str() == kind)
}

fn in_words(kind: &str) -> String {
    match kind {
        "address" => "address".to_owned(),
        "host" | "node" => "name of a host".to_owned(),
        "integer" => "whole number".to_owned(),
        "word" => "single word".to_owned(),
        list => format!("{list} that is known"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::{Binding, Severity};

    fn incident(pairs: &[(&str, &str)]) -> PlannedIncident {
        let bound = |(name, value): &(&str, &str)| {
            let binding = Binding {
                kind: "text".to_owned(),
                value: (*value).to_owned(),
            };
            ((*name).to_owned(), binding)
        };
        PlannedIncident {
            id: "a".to_owned(),
            fault: "f".to_owned(),
            title: "F".to_owned(),
            severity: Severity::Error,
            node: Some("imp1a.apolo.local".to_owned()),
            peer: None,
            bindings: pairs.iter().map(bound).collect(),
            remedies: Vec::new(),
        }
    }

    fn dialect() -> Dialect {
        Dialect {
            id: "d".to_owned(),
            verbs: vec!["utils".to_owned()],
            words: [("service".to_owned(), vec!["Cisco XCP Router".to_owned()])].into(),
            ..Dialect::default()
        }
    }

    #[test]
    fn a_command_takes_typed_values_only() {
        let bound = |template: &str, pairs: &[(&str, &str)]| {
            command(template, &incident(pairs), &dialect()).ok()
        };
        assert_eq!(
            bound("utils ha fallback {{node:host}}", &[]).as_deref(),
            Some("utils ha fallback imp1a.apolo.local")
        );
        assert_eq!(
            bound(
                "utils service restart {{s:service}}",
                &[("s", "cisco xcp ROUTER")]
            )
            .as_deref(),
            Some("utils service restart Cisco XCP Router")
        );
        for (template, value) in [
            ("utils x {{s:service}}", "Cisco XCP Router; reboot"),
            ("utils x {{s:host}}", "a b"),
            ("utils x {{s:host}}", "-oProxy"),
            ("utils x {{s:word}}", "a\nutils reboot"),
            ("utils x {{s:word}}", "-f"),
            ("utils x {{s:address}}", "10.0.0.300"),
            ("utils x {{s:integer}}", "7 8"),
            ("utils x {{s:text}}", "x"),
            ("reboot {{s:word}}", "x"),
        ] {
            assert_eq!(bound(template, &[("s", value)]), None, "{template} {value}");
        }
        assert_eq!(bound("utils x {{s:word}}", &[]), None);
    }
}
