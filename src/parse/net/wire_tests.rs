//! What holds for every protocol inside TCP, and the small theatre in which their tests play.

use proptest::prelude::*;

use super::flow::{Moment, Step};
use super::stream::{Ending, Note, Piece, StreamParser};
use super::{STREAM_PARSERS, choose};
use crate::model::flow::{ConnState, Direction};
use crate::model::format;

pub(super) const CLIENT: Direction = Direction::FromOriginator;
pub(super) const SERVER: Direction = Direction::FromResponder;

/// What both sides say, one entry a frame; frames are numbered from 1, a second apart.
pub(super) type Script = Vec<(Direction, Vec<u8>)>;

/// The moment of a frame.
pub(super) fn moment(number: usize) -> Moment {
    Moment {
        number: number as u64,
        at: Some(number as i64 * 1_000_000),
    }
}

/// A connection that stays open behind so many frames.
pub(super) fn open(frames: usize) -> Ending {
    Ending {
        state: ConnState::S1,
        fin: None,
        reset: None,
        last: moment(frames),
        silence: Some(0),
        routine: true,
        fresh: true,
    }
}

/// A connection that one side closes in the frame behind the script.
pub(super) fn closed(script: &Script, by: Direction) -> Ending {
    let last = moment(script.len() + 1);
    Ending {
        state: ConnState::SF,
        fin: Some((by, last)),
        last,
        ..open(0)
    }
}

/// The notes of a script; every frame comes in pieces of `size` bytes.
pub(super) fn play(
    parser: &dyn StreamParser,
    script: &Script,
    ending: &Ending,
    size: usize,
) -> Vec<Note> {
    let mut state = parser.start();
    let mut notes = Vec::new();
    for (frame, (from, bytes)) in script.iter().enumerate() {
        for bytes in bytes.chunks(size.max(1)) {
            let piece = Piece {
                from: *from,
                bytes,
                moment: moment(frame + 1),
            };
            state.feed(piece, &mut notes);
        }
    }
    state.step();
    state.wants_more();
    state.end(ending, &mut notes);
    for note in &notes {
        let (_, def) = format::find(note.format).expect("a declared format");
        for (name, _) in &note.fields {
            let known = def.fields.iter().any(|field| field.name == *name);
            assert!(known, "{} {name}", note.format);
        }
        assert!(!note.text.contains(char::is_control), "{:?}", note.text);
    }
    notes
}

/// One field of a note.
pub(super) fn field<'n>(note: &'n Note, name: &str) -> Option<&'n str> {
    let mut fields = note.fields.iter();
    let found = fields.find(|(known, _)| *known == name);
    found.map(|(_, value)| value.as_ref())
}

/// Kind and frame of each note.
pub(super) fn kinds(notes: &[Note]) -> Vec<(&str, u64)> {
    let kind = |note| (field(note, "kind").unwrap_or(""), 0);
    let kinds = notes.iter().map(kind);
    let frames = notes.iter().map(|note| note.moment.number);
    kinds
        .zip(frames)
        .map(|((kind, _), at)| (kind, at))
        .collect()
}

/// A conversation of every protocol that can be understood, with a fault in each.
fn scripts() -> Vec<(&'static str, Script)> {
    vec![
        ("postgresql", super::pgwire::tests::missing_slot()),
        ("postgresql", super::pgwire::tests::wrong_password()),
        ("xmpp", super::xmpp::tests::host_unknown()),
        ("sip", super::sip::tests::unavailable()),
        ("erlang-distribution", super::erldist::tests::not_allowed()),
        ("erlang-port-mapper", super::epmd::tests::unknown()),
    ]
}

fn parser(id: &str) -> &'static dyn StreamParser {
    let found = STREAM_PARSERS.iter().find(|parser| parser.id() == id);
    *found.expect("a parser")
}

#[test]
fn conversations_are_recognised_by_their_first_bytes() {
    for (id, script) in scripts() {
        let (from, first) = &script[0];
        assert_eq!(choose(first, *from, 40_000).protocol, id);
    }
    assert_eq!(choose(b"\x04", CLIENT, 5432).protocol, "binary");
    assert_eq!(
        choose(b"HTTP/1.1 400 Bad Request\r\n", SERVER, 8443).protocol,
        "http"
    );
    assert_eq!(choose(b"SSH-2.0-x\r\n", SERVER, 5432).protocol, "ssh");
    assert_eq!(choose(b"hello\r\n", CLIENT, 5432).protocol, "text");
    // joined in the middle: a query is taken for one only where one is expected
    let query = b"Q\x00\x00\x00\x0dselect 1\x00";
    assert_eq!(choose(query, CLIENT, 5432).protocol, "postgresql");
    assert_eq!(choose(query, CLIENT, 80).protocol, "binary");
    // TLS, and such that PostgreSQL begins at once
    let hello = b"\x16\x03\x01\x00\x40\x01\x00\x00\x3c\x03\x03";
    assert_eq!(choose(hello, CLIENT, 8443).protocol, "tls");
    assert_eq!(choose(hello, CLIENT, 5432).protocol, "postgresql");
    let named = [&hello[..], b"\x0apostgresql"].concat();
    assert_eq!(choose(&named, CLIENT, 40_000).protocol, "postgresql");
}

#[test]
fn pieces_of_any_size_tell_the_same() {
    for (id, script) in scripts() {
        let ending = closed(&script, SERVER);
        let whole = play(parser(id), &script, &ending, usize::MAX);
        assert!(!whole.is_empty(), "{id}");
        for size in 1..40 {
            let cut = play(parser(id), &script, &ending, size);
            assert_eq!(cut, whole, "{id} in pieces of {size}");
        }
    }
}

/// A script of which only the first bytes are there.
fn cut(script: &Script, mut bytes: usize) -> Script {
    let mut cut = Script::new();
    for (from, said) in script {
        let said = &said[..said.len().min(bytes)];
        bytes -= said.len();
        if said.is_empty() {
            break;
        }
        cut.push((*from, said.to_vec()));
    }
    cut
}

#[test]
fn what_is_cut_off_is_no_fault() {
    for (id, script) in scripts() {
        let quiet = |script: &Script| {
            let ending = Ending {
                routine: false,
                fresh: true,
                ..open(script.len())
            };
            play(parser(id), script, &ending, usize::MAX)
        };
        let whole = quiet(&script);
        let length = script.iter().map(|(_, said)| said.len()).sum();
        for bytes in 0..length {
            let told = quiet(&cut(&script, bytes));
            assert_eq!(told, whole[..told.len()], "{id} cut behind {bytes}");
        }
    }
}

#[test]
fn nothing_is_told_behind_a_gap_that_may_be_wrong() {
    for (id, script) in scripts() {
        for hole in 0..script.len() {
            let mut state = parser(id).start();
            let mut notes = Vec::new();
            for (frame, (from, bytes)) in script.iter().enumerate() {
                if frame == hole {
                    state.gap(*from, u64::MAX, moment(frame + 1));
                } else {
                    let piece = Piece {
                        from: *from,
                        bytes,
                        moment: moment(frame + 1),
                    };
                    state.feed(piece, &mut notes);
                }
            }
            let ending = Ending {
                routine: false,
                fresh: true,
                ..closed(&script, CLIENT)
            };
            state.end(&ending, &mut notes);
            let whole = play(parser(id), &script, &ending, usize::MAX);
            let same = |note: &Note| {
                whole.iter().any(|known| {
                    known.moment == note.moment
                        && field(known, "kind") == field(note, "kind")
                        && field(known, "sqlstate") == field(note, "sqlstate")
                })
            };
            assert!(notes.iter().all(same), "{id} without {hole}: {notes:#?}");
        }
    }
}

#[test]
fn steps_follow_who_has_spoken() {
    for parser in STREAM_PARSERS {
        if parser.id() == "tls" {
            // it knows more about its steps
            continue;
        }
        let mut state = parser.start();
        let mut notes = Vec::new();
        assert_eq!(state.step(), Step::Opening);
        let mut say = |from| {
            let piece = Piece {
                from,
                bytes: b"\x00",
                moment: moment(1),
            };
            state.feed(piece, &mut notes);
            state.step()
        };
        assert_eq!(say(CLIENT), Step::Request);
        assert_eq!(say(SERVER), Step::Data);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Damage anywhere: nothing breaks, and no size of pieces changes anything.
    #[test]
    fn damage_is_survived(
        nth in 0_usize..6,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        extra in prop::collection::vec(any::<u8>(), 0..40),
        size in 1_usize..30,
    ) {
        let (id, mut script) = scripts().swap_remove(nth);
        for (place, byte) in damage {
            let frame = place.index(script.len());
            let said = &mut script[frame].1;
            let at = place.index(said.len());
            said[at] = byte;
        }
        script.push((SERVER, extra.clone()));
        script.push((CLIENT, extra));
        let ending = closed(&script, CLIENT);
        let whole = play(parser(id), &script, &ending, usize::MAX);
        let told = |notes: &[Note]| notes.len();
        // bytes that nobody can place are judged piece by piece
        if !whole.iter().any(|note| field(note, "kind") == Some("error") && field(note, "step").is_none()) {
            let cut = play(parser(id), &script, &ending, size);
            prop_assert!(told(&cut) <= told(&whole));
        }
    }
}
