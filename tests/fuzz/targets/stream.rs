//! One protocol inside TCP, named by `PARSER`: the parts of an input are what originator and
//! responder say by turns. Pieces of any size tell the same, what is cut off is no fault, and what
//! is told is declared, short and harmless.
#![no_main]

use clusterdx::parse::net::stream::{Note, StreamParser};
use clusterdx_fuzz::wire::{Script, chosen, declared, feed, kind, script};
use clusterdx_fuzz::{Dice, within};
use libfuzzer_sys::fuzz_target;

/// Notes of one connection: one for every few bytes would be a flood.
const NOTES: usize = 400;

fuzz_target!(|data: &[u8]| {
    for parser in chosen() {
        within((1 << 20) + data.len() * 40, || hold(parser, data));
    }
});

fn hold(parser: &dyn StreamParser, data: &[u8]) {
    let mut dice = Dice::of(data);
    let script = script(data);
    for (from, said) in &script {
        for port in [5432, 7400, 40_000] {
            parser.probe(said, *from, port);
        }
    }
    let whole = feed(parser, &script, usize::MAX);
    declared(&whole.said);
    declared(&whole.ended);
    assert!(whole.said.len() + whole.ended.len() < NOTES, "a flood");

    let cut = feed(parser, &script, dice.size());
    // bytes that nobody can place are judged piece by piece
    let placed = |notes: &[Note]| {
        let lost =
            |note: &Note| kind(note, "kind") == Some("error") && kind(note, "step").is_none();
        !notes.iter().any(lost)
    };
    if placed(&whole.said) && placed(&cut.said) {
        assert_eq!(cut.said, whole.said, "pieces change what is told");
        assert_eq!(
            cut.ended, whole.ended,
            "pieces change what is told at the end"
        );
    }

    let length = script.iter().map(|(_, said)| said.len()).sum::<usize>();
    let short = shortened(&script, dice.below(length + 1));
    let told = feed(parser, &short, usize::MAX).said;
    if placed(&told) && placed(&whole.said) {
        assert!(whole.said.starts_with(&told), "what is cut off is told");
    }

    // whatever is missing in the middle, nothing breaks
    let hole = dice.below(script.len() + 1);
    let size = dice.size();
    declared(&clusterdx_fuzz::wire::feed_with_hole(
        parser, &script, hole, size,
    ));
}

/// The first bytes of a script.
fn shortened<'d>(script: &Script<'d>, mut bytes: usize) -> Script<'d> {
    let mut short = Script::new();
    for (from, said) in script {
        let said = &said[..said.len().min(bytes)];
        bytes -= said.len();
        short.push((*from, said));
    }
    short.retain(|(_, said)| !said.is_empty());
    short
}
