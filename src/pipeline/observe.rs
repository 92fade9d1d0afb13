//! What a node's answer to a command says: the same parsers and the same conditions as for files.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::catalog::condition::Condition;
use crate::catalog::remedy::{Expect, Holds, Identity};
use crate::detect::matcher;
use crate::model::event::Event;
use crate::model::excerpt::excerpt;
use crate::model::format::{FORMATS, FormatDef};
use crate::model::look::Look;
use crate::parse::chunk::Chunk;
use crate::parse::{LOG_PARSERS, Probe};

/// Records whose values are told.
const TOLD: usize = 3;

/// Holds the answer to a command against what a check expects.
pub fn look(catalog: &Catalog, expect: &Expect, answer: &str) -> Look {
    let Some(def) = FORMATS.get(usize::from(expect.format)) else {
        return Look::Unreadable;
    };
    let read = Answer::read(def, answer);
    let (fitting, others) = matcher::parted(&expect.condition, &catalog.ports, read.records());
    let told = |records: &[&Event<'_>]| told(&expect.condition, records);
    match expect.holds {
        Holds::None if !fitting.is_empty() => Look::DoesNot(told(&fitting)),
        Holds::None if read.recognised => Look::Holds("no such record".to_owned()),
        Holds::Any if !fitting.is_empty() => Look::Holds(told(&fitting)),
        Holds::All if others.is_empty() && !fitting.is_empty() => Look::Holds(told(&fitting)),
        Holds::Any | Holds::All if !others.is_empty() => Look::DoesNot(told(&others)),
        _ => Look::Unreadable,
    }
}

/// The names and addresses by which a node calls itself in an answer.
pub fn identity(catalog: &Catalog, identity: &Identity, answer: &str) -> Vec<String> {
    let Some(def) = FORMATS.get(usize::from(identity.format)) else {
        return Vec::new();
    };
    let read = Answer::read(def, answer);
    let (fitting, _) = matcher::parted(&identity.condition, &catalog.ports, read.records());
    let values = fitting.into_iter().filter_map(|event| {
        let value = event.first(&identity.field)?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    });
    values.collect::<BTreeSet<_>>().into_iter().collect()
}

/// An answer as its parsers read it.
struct Answer {
    format: &'static str,
    events: Vec<Event<'static>>,
    /// It holds records of the format, or a parser knows the text and finds no record at all.
    recognised: bool,
}

impl Answer {
    fn read(def: &FormatDef, answer: &str) -> Self {
        let chunk = Chunk {
            bytes: answer.as_bytes().to_vec(),
            first_line: 1,
            line_numbers: None,
        };
        let mut events = Vec::new();
        let mut known = false;
        for name in def.parsers() {
            let Some(parser) = LOG_PARSERS.iter().find(|parser| parser.id() == name) else {
                continue;
            };
            parser.parse(&chunk, None, &mut |event| events.push(event.into_owned()));
            known |= parser.probe(&chunk.bytes) != Probe::NotForUs;
        }
        // records of other formats alone are the answer to another command
        let own = events.iter().any(|event| event.format == def.id);
        Self {
            format: def.id,
            recognised: own || (events.is_empty() && known),
            events,
        }
    }

    fn records(&self) -> impl Iterator<Item = &Event<'static>> {
        self.events
            .iter()
            .filter(|event| event.format == self.format)
    }
}

/// What records say in the fields that a condition asks for.
fn told(condition: &Condition, records: &[&Event<'_>]) -> String {
    let mut fields: Vec<&str> = Vec::new();
    for test in condition.iter().flatten() {
        if !fields.contains(&test.field.as_str()) {
            fields.push(&test.field);
        }
    }
    let one = |event: &&Event<'_>| {
        let values = fields.iter().map(|field| {
            let value = event.first(field).map_or("absent".into(), excerpt);
            format!("{field}: {value}")
        });
        values.collect::<Vec<_>>().join(", ")
    };
    let shown: Vec<String> = records.iter().take(TOLD).map(one).collect();
    let more = records.len().saturating_sub(TOLD);
    let rest = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    shown.join("; ") + &rest
}
