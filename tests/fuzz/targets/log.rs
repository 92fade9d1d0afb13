//! One log format, named by `PARSER`: any bytes, cut anywhere, give the same events, and what is
//! emitted is what the format declares.
#![no_main]

use std::sync::OnceLock;

use clusterdx::model::event::Event;
use clusterdx::model::format::{self, FormatDef};
use clusterdx::parse::chunk::Chunk;
use clusterdx::parse::margin::Margin;
use clusterdx::parse::{Choice, LogParser};
use clusterdx_fuzz::events::{chosen, chunks, events, parsed};
use clusterdx_fuzz::{Dice, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    static PARSERS: OnceLock<Vec<&'static dyn LogParser>> = OnceLock::new();
    for parser in PARSERS.get_or_init(chosen) {
        within((1 << 20) + data.len() * 200, || hold(*parser, data));
    }
});

fn hold(parser: &'static dyn LogParser, data: &[u8]) {
    let mut dice = Dice::of(data);
    parser.probe(data);
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        parser.head(line);
    }
    let choice = Choice {
        parsers: vec![parser],
        repair: false,
    };
    let whole = chunks([data], &choice, Margin::default(), 1 << 20);
    let cut = chunks(dice.blocks(data), &choice, Margin::default(), dice.size());
    let text = |chunks: &[Chunk]| {
        chunks
            .iter()
            .flat_map(|chunk| chunk.bytes.clone())
            .collect()
    };
    let (cut_text, text): (Vec<u8>, Vec<u8>) = (text(&cut), text(&whole));
    assert!(cut_text == text, "cuts change the text");
    // what message bodies quote is left out, but not their lines
    let feeds = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(feeds(&text), feeds(data), "chunks lose lines");
    let found = events(&whole, &choice.parsers);
    assert_eq!(events(&cut, &choice.parsers), found, "cuts change events");

    let lines = data.split_inclusive(|byte| *byte == b'\n').count() as u64;
    for event in found.iter().flatten() {
        declared(parser, event);
        assert!(
            (1..=lines).contains(&event.line),
            "{} of {lines} lines",
            event.line
        );
    }
    for chunk in &whole {
        let mut picks: Vec<usize> = (0..6).map(|_| dice.below(data.len() + 1)).collect();
        picks.sort_unstable();
        picks_hold(parser, chunk, &picks, &parsed(parser, chunk, None));
    }
}

/// Picked records are records of the full parse; many picks give what each alone gives.
fn picks_hold(parser: &dyn LogParser, chunk: &Chunk, picks: &[usize], full: &[Event<'_>]) {
    let together = parsed(parser, chunk, Some(picks));
    let mut alone: Vec<Event<'_>> = Vec::new();
    for pick in picks {
        for event in parsed(parser, chunk, Some(&[*pick])) {
            assert!(
                full.contains(&event),
                "a picked record is another one: {event:#?}"
            );
            if !alone.contains(&event) {
                alone.push(event);
            }
        }
    }
    for event in &alone {
        assert!(
            together.contains(event),
            "it is picked only alone: {event:#?}"
        );
    }
    for event in &together {
        assert!(
            alone.contains(event),
            "it is picked only with others: {event:#?}"
        );
    }
}

/// Format and fields are those of `model/format.rs`, and a value that is said to stand in the
/// bytes stands there.
fn declared(parser: &dyn LogParser, event: &Event<'_>) {
    let (_, def) = format::find(event.format).expect("a declared format");
    assert!(def.parsers().any(|id| id == parser.id()));
    for field in &event.fields {
        let known = def.fields.iter().find(|known| known.name == field.name);
        // these records name their own keys
        assert!(
            known.is_some() || def.id == "expressway.log",
            "{} {}",
            def.id,
            field.name
        );
        if known.is_none_or(|known| known.verbatim) && !def.always_parsed {
            verbatim(def, event, &field.name, &field.value);
        }
    }
}

fn verbatim(def: &FormatDef, event: &Event<'_>, name: &str, value: &str) {
    // what objects escape no rule asks for
    if event.text.starts_with('{') && event.text.contains('\\') {
        return;
    }
    // folds, quotes and escapes are undone, which no literal of a rule reaches across
    for piece in value.split(['\n', '\t', '#', '|', '"', '\\', '<', '>', '&']) {
        assert!(
            event.text.contains(piece),
            "{} {name} {piece:?} does not stand in the record {:?}",
            def.id,
            event.text
        );
    }
}
