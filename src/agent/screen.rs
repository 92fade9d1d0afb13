//! The bytes of a terminal as clean lines of text. The only user of vte.
//!
//! What a person would see stays: characters, and what carriage returns, backspaces and erasures
//! make of them, so that the question of a pager disappears as it does on a screen. Colours,
//! titles, other escape sequences and control characters are dropped. Only one line is held.

use vte::{Params, Parser, Perform};

/// Characters of one line that are kept; what is beyond is counted.
pub const LINE: usize = 1 << 16;

/// Columns from one tab stop to the next.
const TAB: usize = 8;

/// A terminal of one line, as wide as [`LINE`].
pub struct Screen {
    parser: Parser,
    line: Line,
    /// The beginning of a character whose other bytes have not come yet.
    begun: Vec<u8>,
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            parser: Parser::new(),
            line: Line::default(),
            begun: Vec::new(),
        }
    }
}

impl Screen {
    /// Takes bytes in, cut anywhere, and hands out each line that they finish, without blanks at
    /// its end.
    pub fn feed(&mut self, bytes: &[u8], finished: &mut dyn FnMut(&str)) {
        let line = &mut self.line;
        let parser = &mut self.parser;
        let mut pen = Pen { line, finished };
        // the parser gets whole characters: cut ones it reads differently from damaged ones
        self.begun.extend_from_slice(bytes);
        let begun = characters(&self.begun, &mut |text| {
            parser.advance(&mut pen, text.as_bytes());
        });
        let read = self.begun.len() - begun;
        self.begun.drain(..read);
    }

    /// The line that is not finished, without blanks at its end.
    pub fn line(&self) -> String {
        self.line.text()
    }

    /// Forgets the unfinished line from the byte of [`Screen::line`] on at which something stands
    /// that is no part of the text.
    pub fn forget_from(&mut self, byte: usize) {
        let kept = self
            .line
            .text()
            .get(..byte)
            .map_or(0, |t| t.chars().count());
        self.line.cells.truncate(kept);
        self.line.at = self.line.at.min(kept);
    }

    /// Characters so far that were lost because their lines were too long.
    pub fn lost(&self) -> u64 {
        self.line.lost
    }
}

/// Hands out text with a mark for each damaged character; gives the number of bytes at the end
/// that begin a character.
fn characters(mut bytes: &[u8], out: &mut dyn FnMut(&str)) -> usize {
    loop {
        match str::from_utf8(bytes) {
            Ok(text) => {
                out(text);
                return 0;
            }
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                out(str::from_utf8(valid).unwrap_or(""));
                let Some(damaged) = error.error_len() else {
                    return rest.len();
                };
                out("\u{fffd}");
                bytes = rest.get(damaged..).unwrap_or(&[]);
            }
        }
    }
}

/// The line that is being written.
#[derive(Default)]
struct Line {
    cells: Vec<char>,
    /// Column of the next character.
    at: usize,
    lost: u64,
}

impl Line {
    fn put(&mut self, c: char) {
        if self.at >= LINE {
            self.lost += 1;
            return;
        }
        if self.cells.len() <= self.at {
            self.cells.resize(self.at, ' ');
            self.cells.push(c);
        } else if let Some(cell) = self.cells.get_mut(self.at) {
            *cell = c;
        }
        self.at += 1;
    }

    fn text(&self) -> String {
        let text: String = self.cells.iter().collect();
        text.trim_end().to_owned()
    }

    /// Erases to the end (0), from the start (1), or all of it (2).
    fn erase(&mut self, what: u16) {
        match what {
            0 => self.cells.truncate(self.at),
            1 => {
                let until = self.cells.len().min(self.at + 1);
                self.cells.iter_mut().take(until).for_each(|c| *c = ' ');
            }
            _ => self.cells.clear(),
        }
    }
}

/// Writes on the line what the parser reads.
struct Pen<'a> {
    line: &'a mut Line,
    finished: &'a mut dyn FnMut(&str),
}

impl Perform for Pen<'_> {
    fn print(&mut self, c: char) {
        if !c.is_control() {
            self.line.put(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\r' => self.line.at = 0,
            // also vertical tabs and form feeds, as on a terminal
            b'\n' | 0x0b | 0x0c => {
                let text = self.line.text();
                self.line.cells.clear();
                self.line.at = 0;
                (self.finished)(&text);
            }
            0x08 => self.line.at = self.line.at.saturating_sub(1),
            b'\t' => self.line.at = ((self.line.at / TAB + 1) * TAB).min(LINE),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if action == 'K' && intermediates.is_empty() && !ignore {
            let what = params.iter().next().and_then(|group| group.first());
            self.line.erase(what.copied().unwrap_or(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Finished lines, and the one that is not.
    fn shown(blocks: &[&[u8]]) -> (Vec<String>, String) {
        let mut screen = Screen::default();
        let mut lines = Vec::new();
        for block in blocks {
            screen.feed(block, &mut |line| lines.push(line.to_owned()));
        }
        (lines, screen.line())
    }

    fn line(bytes: &[u8]) -> String {
        shown(&[bytes]).1
    }

    #[test]
    fn lines_end_as_on_a_terminal() {
        let (lines, rest) = shown(&[b"one\r\ntwo  \nthree"]);
        assert_eq!(lines, ["one", "two"]);
        assert_eq!(rest, "three");
    }

    #[test]
    fn the_question_of_a_pager_vanishes() {
        assert_eq!(line(b"--More--\r        \rnext line"), "next line");
        assert_eq!(line(b"--More--\r\x1b[Knext"), "next");
        assert_eq!(line(b"--More--\x1b[2K\rnext"), "next");
        assert_eq!(line(b"abc\x08 \x08\x08\x08xy"), "xy");
    }

    #[test]
    fn tabs_move_to_their_stops() {
        assert_eq!(line(b"a\tb"), "a       b");
        assert_eq!(line(b"12345678\tb"), "12345678        b");
    }

    #[test]
    fn sequences_leave_nothing_behind() {
        assert_eq!(
            line(b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07x\x1b]8;;http://h\x1b\\y\x1bP1$q\x1b\\z\x07\0"),
            "red xyz"
        );
        assert_eq!(line("a\u{9b}31mb\u{85}c".as_bytes()), "a31mbc");
    }

    #[test]
    fn damaged_text_is_marked() {
        assert_eq!(line(b"caf\xe9 \xc3\xa9"), "caf\u{fffd} \u{e9}");
    }

    #[test]
    fn damage_is_the_same_wherever_it_is_cut() {
        let bytes = b"a\xc3\xc3\xa9\xf0\x9f\n\xf0\x9f\x98\x80b";
        let whole = shown(&[bytes]);
        assert_eq!(whole.0, ["a\u{fffd}\u{e9}\u{fffd}"]);
        assert_eq!(whole.1, "\u{1f600}b");
        for at in 0..bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert_eq!(shown(&[head, tail]), whole, "cut at {at}");
        }
    }

    #[test]
    fn an_endless_line_is_bounded() {
        let mut screen = Screen::default();
        for _ in 0..40 {
            screen.feed(&[b'x'; 1 << 14], &mut |_| panic!("no line ends"));
        }
        assert_eq!(screen.line().len(), LINE);
        assert_eq!(screen.lost(), 40 * (1 << 14) - LINE as u64);
        screen.feed(&b"\t".repeat(LINE), &mut |_| {});
        assert_eq!(screen.line().len(), LINE);
    }

    #[test]
    fn what_is_no_text_can_be_forgotten() {
        let mut screen = Screen::default();
        screen.feed("né --More--".as_bytes(), &mut |_| {});
        screen.forget_from("né ".len());
        screen.feed(b"x", &mut |_| {});
        assert_eq!(screen.line(), "né x");
    }

    proptest! {
        #[test]
        fn any_bytes_cut_anywhere_give_the_same(
            bytes in proptest::collection::vec(
                prop_oneof![any::<u8>(), Just(0x1b), Just(b'\r'), Just(b'\n'), Just(b'['), Just(0xc3)],
                0..400,
            ),
            cuts in proptest::collection::vec(0usize..400, 0..8),
        ) {
            let whole = shown(&[&bytes]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut blocks = Vec::new();
            let mut from = 0;
            for at in cuts {
                blocks.push(&bytes[from..at]);
                from = at;
            }
            blocks.push(&bytes[from..]);
            prop_assert_eq!(&shown(&blocks), &whole);
            let clean = |line: &String| !line.chars().any(char::is_control);
            prop_assert!(whole.0.iter().all(clean) && clean(&whole.1));
        }
    }
}
