//! What the tests of all formats share.

use std::borrow::Cow;

use crate::model::event::{Event, Field};
use crate::parse::chunk::{Chunk, Chunker};
use crate::parse::{Choice, LogParser};

/// An event that outlives its chunk.
pub(crate) fn owned(event: Event<'_>) -> Event<'static> {
    let keep = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    Event {
        format: event.format,
        time: event.time,
        line: event.line,
        fields: event
            .fields
            .into_iter()
            .map(|field| Field {
                name: keep(field.name),
                value: keep(field.value),
            })
            .collect(),
        text: keep(event.text),
    }
}

/// A text as chunks of about `target` bytes, read in blocks of `block` bytes.
pub(crate) fn chunks(text: &[u8], choice: &Choice, target: usize, block: usize) -> Vec<Chunk> {
    let mut chunker = Chunker::new(choice, target);
    let mut found = Vec::new();
    for block in text.chunks(block.max(1)) {
        chunker.push(block, &mut |chunk| found.push(chunk));
    }
    chunker.finish(&mut |chunk| found.push(chunk));
    found
}

/// The events of one parser in a chunk.
pub(crate) fn parsed(
    parser: &dyn LogParser,
    chunk: &Chunk,
    picks: Option<&[usize]>,
) -> Vec<Event<'static>> {
    let mut found = Vec::new();
    parser.parse(chunk, picks, &mut |event| found.push(owned(event)));
    found
}

/// The events of a text, parser by parser.
pub(crate) fn events(
    text: &[u8],
    choice: &Choice,
    target: usize,
    block: usize,
) -> Vec<Vec<Event<'static>>> {
    let chunks = chunks(text, choice, target, block);
    let of = |parser: &&'static dyn LogParser| {
        chunks
            .iter()
            .flat_map(|chunk| parsed(*parser, chunk, None))
            .collect()
    };
    choice.parsers.iter().map(of).collect()
}

/// The events of a whole text by one parser, without repair.
pub(crate) fn read(parser: &'static dyn LogParser, text: &str) -> Vec<Event<'static>> {
    let choice = Choice {
        parsers: vec![parser],
        repair: false,
    };
    events(text.as_bytes(), &choice, 1 << 20, 1 << 16)
        .into_iter()
        .flatten()
        .collect()
}

/// The events of a text as the program would choose to read it.
pub(crate) fn read_chosen(text: &str) -> Vec<Event<'static>> {
    let choice = super::choose(text.as_bytes()).expect("some format is recognised");
    events(text.as_bytes(), &choice, 1 << 20, 1 << 16)
        .into_iter()
        .flatten()
        .collect()
}

/// Holds picked parsing against full parsing: every pick alone gives records of the full
/// parse, all of them together give all of it, and many give what each alone gives.
pub(crate) fn picks_hold(parser: &dyn LogParser, chunk: &Chunk, picks: &[usize]) {
    let full = parsed(parser, chunk, None);
    let everything: Vec<usize> = (0..chunk.bytes.len()).collect();
    assert_eq!(
        parsed(parser, chunk, Some(&everything)),
        full,
        "{}",
        parser.id()
    );
    let mut expected: Vec<Event<'static>> = Vec::new();
    for pick in picks {
        for event in parsed(parser, chunk, Some(&[*pick])) {
            assert!(full.contains(&event), "{}", parser.id());
            if !expected.contains(&event) {
                expected.push(event);
            }
        }
    }
    expected.sort_by_key(|event| full.iter().position(|other| other == event));
    assert_eq!(
        parsed(parser, chunk, Some(picks)),
        expected,
        "{}",
        parser.id()
    );
}
