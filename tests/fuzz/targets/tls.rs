//! Conversations in TLS: how the connection ends, then what each side says in turn, as
//! `clusterdx_fuzz::tls` puts them together.
#![no_main]

use clusterdx::model::flow::{ConnState, Direction};
use clusterdx::model::format;
use clusterdx::parse::net::flow::Moment;
use clusterdx::parse::net::stream::{Ending, Note, Piece, StreamState};
use clusterdx::parse::net::tls::Conversation;
use clusterdx_fuzz::tls::{Part, Script};
use clusterdx_fuzz::{Dice, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let script = Script::read(data);
    let mut dice = Dice::of(data);
    let cost = (9 << 20) + data.len() * 200;
    within(cost, || {
        let whole = play(&script, true, None);
        assert!(whole.len() <= 1, "several notes of one handshake");
        // behind lost bytes a record can only be found where a segment begins
        if !script
            .parts
            .iter()
            .any(|part| matches!(part, Part::Gap(..)))
        {
            let cut = play(&script, true, Some(&mut dice));
            assert_eq!(cut, whole, "pieces change notes");
        }
        let faults = play(&script, false, None);
        assert!(faults.is_empty() || faults == whole, "what is told differs");
        for note in &whole {
            let (_, def) = format::find(note.format).expect("a declared format");
            for (name, _) in &note.fields {
                assert!(def.fields.iter().any(|known| known.name == *name), "{name}");
            }
        }
    });
});

fn play(script: &Script<'_>, routine: bool, mut dice: Option<&mut Dice>) -> Vec<Note> {
    let mut talk = Conversation::new("tls");
    let mut notes = Vec::new();
    let mut moment = Moment {
        number: 0,
        at: script.at,
    };
    let side = |own| match own {
        true => Direction::FromOriginator,
        false => Direction::FromResponder,
    };
    for part in &script.parts {
        moment.number += 1;
        match *part {
            Part::Gap(own, length) => talk.gap(side(own), length, moment),
            Part::Said(own, bytes) => {
                let pieces = match &mut dice {
                    Some(dice) => dice.blocks(bytes),
                    None => vec![bytes],
                };
                for bytes in pieces.into_iter().filter(|bytes| !bytes.is_empty()) {
                    let from = side(own);
                    talk.feed(
                        Piece {
                            from,
                            bytes,
                            moment,
                        },
                        &mut notes,
                    );
                }
            }
        }
    }
    moment.number += 1;
    let ending = Ending {
        state: ConnState::S1,
        fin: script.fin.map(|own| (side(own), moment)),
        reset: script.reset.map(|own| (side(own), moment)),
        last: moment,
        silence: script.silence,
        routine,
        fresh: true,
    };
    let facts = talk.facts(&ending);
    assert!(
        facts.completed || facts.short_answer.is_none() && !facts.left_at_once,
        "{facts:?}"
    );
    talk.end(&ending, &mut notes);
    notes
}
