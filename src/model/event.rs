//! One parsed record. It borrows the chunk it was read from and dies with it.

use std::borrow::Cow;

use crate::model::time::RawTime;

/// One value of a record. Fields are an ordered list: one record may carry a name twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'c> {
    /// The name, as the format spells it.
    pub name: Cow<'c, str>,
    /// The value without quotes, folds undone.
    pub value: Cow<'c, str>,
}

/// A record in our typed form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'c> {
    /// Id of its [`FormatDef`](crate::model::format::FormatDef).
    pub format: &'static str,
    /// The time as the record states it.
    pub time: RawTime,
    /// Line of its first part in the file, from 1.
    pub line: u64,
    /// Fields in the record's order.
    pub fields: Vec<Field<'c>>,
    /// The record as written, parts joined by a line feed.
    pub text: Cow<'c, str>,
}

impl<'c> Event<'c> {
    /// The first value with this name.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|field| field.name == name)
            .map(|field| field.value.as_ref())
    }

    /// Every value with this name, in order.
    pub fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e str> {
        self.fields
            .iter()
            .filter(move |field| field.name == name)
            .map(|field| field.value.as_ref())
    }

    /// The same record, independent of its chunk.
    pub fn into_owned(self) -> Event<'static> {
        let keep = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Event {
            format: self.format,
            time: self.time,
            line: self.line,
            fields: self
                .fields
                .into_iter()
                .map(|field| Field {
                    name: keep(field.name),
                    value: keep(field.value),
                })
                .collect(),
            text: keep(self.text),
        }
    }

    /// Adds a field.
    pub fn push(&mut self, name: impl Into<Cow<'c, str>>, value: impl Into<Cow<'c, str>>) {
        self.fields.push(Field {
            name: name.into(),
            value: value.into(),
        });
    }
}
