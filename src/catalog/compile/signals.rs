//! Signals: format, condition, bound values and index literals.

use super::super::condition::{self, Condition, LITERAL_BYTES, MODIFIERS, Op, Test};
use super::super::fault::{Bind, FILE_NAME, Signal, Source, ValueType};
use super::super::near;
use super::super::raw::{OneOrMany, Ordered, RawBind, RawSignal, Scalar};
use super::{Cx, scalars};
use crate::model::format::{self, FORMATS, FormatDef};

/// Compiles the signals of a rule in their order.
pub(super) fn signals(raw: Ordered<RawSignal>, cx: &mut Cx<'_>) -> Vec<Signal> {
    raw.0
        .into_iter()
        .map(|(name, raw)| signal(name, raw, cx))
        .collect()
}

fn signal(name: String, raw: RawSignal, cx: &mut Cx<'_>) -> Signal {
    let Some((format, def)) = find_format(&raw.format, &["signals", &name, "format"], cx) else {
        // the catalog is refused anyway; the name stays known so that nothing else complains
        return Signal {
            name,
            format: 0,
            condition: Condition::new(),
            file_name: Vec::new(),
            binds: Vec::new(),
            literals: Vec::new(),
        };
    };
    let (wanted, file_name) = split_file_name(raw.conditions, &["signals", &name, "where"], cx);
    let condition = conditions(wanted, def, &["signals", &name, "where"], cx);
    if condition.iter().all(Vec::is_empty) {
        cx.refuse(
            &["signals", &name],
            format!("signal '{name}' has no condition"),
        );
    }
    let captures = capture_names(&condition);
    let binds = raw
        .bind
        .0
        .into_iter()
        .filter_map(|(bound, raw)| bind(&name, bound, raw, def, &captures, cx))
        .collect();
    let weight = |field: &str| {
        let known = def.fields.iter().find(|f| f.name == field && f.verbatim)?;
        Some(u8::from(!known.common))
    };
    let literals = condition::literals(&condition, &weight).unwrap_or_default();
    Signal {
        name,
        format,
        condition,
        file_name,
        binds,
        literals,
    }
}

/// A `where` as it is written.
type Wanted = OneOrMany<Ordered<OneOrMany<Scalar>>>;

/// Takes the tests of the file's name out of a `where`: the file is known only after the record.
fn split_file_name(raw: Wanted, path: &[&str], cx: &mut Cx<'_>) -> (Wanted, Vec<Test>) {
    let about = |key: &str| key.split('|').next() == Some(FILE_NAME);
    let mut maps = raw.into_vec();
    let mut tests = Vec::new();
    let several = maps.len() > 1;
    for map in &mut maps {
        let (mine, rest) = std::mem::take(&mut map.0)
            .into_iter()
            .partition(|(key, _)| about(key));
        map.0 = rest;
        let mine: Vec<_> = mine;
        for (key, values) in mine {
            let place: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
            match condition::parse_test(&key, scalars(values)) {
                Ok(_) if several => cx.refuse(
                    &place,
                    format!("'{FILE_NAME}' stands in a 'where' without alternatives only"),
                ),
                Ok(test) if test.op.is_plain() => tests.push(test),
                _ => cx.refuse(
                    &place,
                    format!("'{FILE_NAME}' takes 'startswith', 'endswith', 'contains' or nothing"),
                ),
            }
        }
    }
    (OneOrMany::Many(maps), tests)
}

/// Finds a format or says which ones there are.
pub(super) fn find_format(
    id: &str,
    path: &[&str],
    cx: &mut Cx<'_>,
) -> Option<(u16, &'static FormatDef)> {
    let found = format::find(id);
    if found.is_none() {
        cx.refuse_near(
            path,
            format!("unknown format '{id}'"),
            near(id, FORMATS.iter().map(|f| f.id)),
        );
    }
    found
}

/// Compiles a `where`: a map, or a list of maps as alternatives.
pub(super) fn conditions(
    raw: OneOrMany<Ordered<OneOrMany<Scalar>>>,
    def: &FormatDef,
    path: &[&str],
    cx: &mut Cx<'_>,
) -> Condition {
    let mut condition = Condition::new();
    for map in raw.into_vec() {
        let mut tests = Vec::new();
        for (key, values) in map.0 {
            let place: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
            match condition::parse_test(&key, scalars(values)) {
                Ok(test) => {
                    check_field(&test.field, def, &place, cx);
                    if test.op == Op::FieldRef {
                        test.values
                            .iter()
                            .for_each(|field| check_field(field, def, &place, cx));
                    }
                    tests.push(test);
                }
                Err(refused) => {
                    let names = MODIFIERS
                        .iter()
                        .map(|(name, _)| *name)
                        .chain(["all", "cased"]);
                    let near = refused
                        .word
                        .map_or_else(Vec::new, |word| near(&word, names));
                    cx.refuse_near(&place, refused.message, near);
                }
            }
        }
        condition.push(tests);
    }
    condition
}

pub(super) fn check_field(field: &str, def: &FormatDef, path: &[&str], cx: &mut Cx<'_>) {
    if def.fields.iter().all(|f| f.name != field) {
        let near = near(field, def.fields.iter().map(|f| f.name));
        cx.refuse_near(
            path,
            format!("format '{}' has no field '{field}'", def.id),
            near,
        );
    }
}

fn capture_names(condition: &Condition) -> Vec<String> {
    let patterns = condition
        .iter()
        .flatten()
        .filter(|test| test.op == Op::Re)
        .flat_map(|test| &test.values);
    let compiled = patterns.filter_map(|pattern| condition::regex(pattern, false).ok());
    compiled
        .flat_map(|regex| {
            regex
                .capture_names()
                .flatten()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

fn bind(
    signal: &str,
    name: String,
    raw: RawBind,
    def: &FormatDef,
    captures: &[String],
    cx: &mut Cx<'_>,
) -> Option<Bind> {
    let default = if name == "node" || name == "peer" {
        ValueType::Node
    } else {
        ValueType::Text
    };
    let (from, kind) = match raw {
        RawBind::From(from) => (from, default),
        RawBind::Typed(typed) => (typed.from, typed.kind),
    };
    if captures.contains(&from) {
        return Some(Bind {
            name,
            source: Source::Capture(from),
            kind,
        });
    }
    if from == FILE_NAME || def.fields.iter().any(|f| f.name == from) {
        return Some(Bind {
            name,
            source: Source::Field(from),
            kind,
        });
    }
    let known = def
        .fields
        .iter()
        .map(|f| f.name)
        .chain(captures.iter().map(String::as_str));
    cx.refuse_near(
        &["signals", signal, "bind", &from],
        format!("'{from}' is no capture and no field of '{}'", def.id),
        near(&from, known),
    );
    None
}

/// Adds a bound value for a field that a fact names without binding it.
pub(super) fn bind_field(signal: &mut Signal, name: &str) -> bool {
    if signal.binds.iter().any(|bind| bind.name == name) {
        return true;
    }
    let captures = capture_names(&signal.condition);
    let known = FORMATS
        .get(usize::from(signal.format))
        .is_some_and(|def| def.fields.iter().any(|f| f.name == name));
    let source = match (captures.iter().any(|c| c == name), known) {
        (true, _) => Source::Capture(name.to_owned()),
        (_, true) => Source::Field(name.to_owned()),
        _ => return false,
    };
    signal.binds.push(Bind {
        name: name.to_owned(),
        source,
        kind: ValueType::Text,
    });
    true
}

/// True when the index can find the signal's records, or never has to.
pub(in crate::catalog) fn anchored(signal: &Signal) -> bool {
    let always = FORMATS
        .get(usize::from(signal.format))
        .is_some_and(|def| def.always_parsed);
    always
        || signal
            .literals
            .iter()
            .any(|literal| literal.len() >= LITERAL_BYTES)
}
