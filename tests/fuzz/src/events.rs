//! Parsers driven by hand: texts to chunks, chunks to events that outlive them.

use std::borrow::Cow;

use clusterdx::model::event::{Event, Field};
use clusterdx::parse::chunk::{Chunk, Chunker};
use clusterdx::parse::margin::Margin;
use clusterdx::parse::{Choice, LOG_PARSERS, LogParser};

/// A text as chunks of about `target` bytes.
pub fn chunks<'b>(
    blocks: impl IntoIterator<Item = &'b [u8]>,
    choice: &Choice,
    margin: Margin,
    target: usize,
) -> Vec<Chunk> {
    let mut chunker = Chunker::new(choice, target);
    chunker.strip(margin);
    let mut found = Vec::new();
    for block in blocks {
        chunker.push(block, &mut |chunk| found.push(chunk));
    }
    chunker.finish(&mut |chunk| found.push(chunk));
    found
}

/// The events of a parser in a chunk; with `picks`, only those of the records that hold them.
pub fn parsed(
    parser: &dyn LogParser,
    chunk: &Chunk,
    picks: Option<&[usize]>,
) -> Vec<Event<'static>> {
    let mut found = Vec::new();
    parser.parse(chunk, picks, &mut |event| found.push(owned(event)));
    found
}

/// The events of each of the parsers in a text.
pub fn events(chunks: &[Chunk], parsers: &[&'static dyn LogParser]) -> Vec<Vec<Event<'static>>> {
    let of = |parser: &&'static dyn LogParser| {
        chunks
            .iter()
            .flat_map(|chunk| parsed(*parser, chunk, None))
            .collect()
    };
    parsers.iter().map(of).collect()
}

/// The log format that the environment names with `PARSER`; without it all of them.
#[allow(
    clippy::disallowed_methods,
    reason = "libFuzzer takes all arguments, so the environment names the job"
)]
pub fn chosen() -> Vec<&'static dyn LogParser> {
    let name = std::env::var("PARSER").unwrap_or_default();
    let wanted = |parser: &&&dyn LogParser| name.is_empty() || parser.id() == name;
    let found: Vec<_> = LOG_PARSERS.iter().filter(wanted).copied().collect();
    assert!(!found.is_empty(), "no log format is called {name}");
    found
}

fn owned(event: Event<'_>) -> Event<'static> {
    let keep = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    let field = |field: Field<'_>| Field {
        name: keep(field.name),
        value: keep(field.value),
    };
    Event {
        format: event.format,
        time: event.time,
        line: event.line,
        fields: event.fields.into_iter().map(field).collect(),
        text: keep(event.text),
    }
}
