//! Pieces of a text that can be parsed on their own.

use std::collections::VecDeque;

use crate::parse::body::{Bodies, Kind};
use crate::parse::log::{cms_syslog, expressway, expressway_dump};
use crate::parse::margin::{Margin, Stripper};
use crate::parse::repair::Repair;
use crate::parse::scan::{line_end, line_start};
use crate::parse::{Choice, LogParser};

/// How far around a cut parts of one record are looked for.
pub const JOIN_WINDOW: usize = 4096;

/// Bytes of a line that are kept; the rest of a longer one is dropped.
pub const LINE_CAP: usize = 64 * 1024;

/// Longest stretch without a place to cut that is kept in one piece.
pub const STRETCH_CAP: usize = 1024 * 1024;

/// The same for a text that is one document, such as a status dump, and for a line of it: what
/// stands in its parts is understood only together.
pub const DOCUMENT_CAP: usize = 16 * 1024 * 1024;

/// Bytes by which the search for a cut goes on above the target, at least.
const STEP: usize = 64;

/// Bytes of whole records with their place in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// The text; every line ends in a line feed except perhaps the file's last.
    pub bytes: Vec<u8>,
    /// Line number of the first line in the file, from 1.
    pub first_line: u64,
    /// For repaired text: the line number of each line of `bytes`.
    pub line_numbers: Option<Vec<u64>>,
}

impl Chunk {
    /// Line number in the file of the byte at `pos`.
    pub fn line_at(&self, pos: usize) -> u64 {
        self.line_counter().line_at(pos)
    }

    /// For many positions in rising order: counts every line feed once.
    pub fn line_counter(&self) -> LineCounter<'_> {
        LineCounter {
            chunk: self,
            pos: 0,
            lines: 0,
        }
    }
}

/// Line numbers of positions in a chunk, cheap when they rise.
pub struct LineCounter<'c> {
    chunk: &'c Chunk,
    pos: usize,
    lines: usize,
}

impl LineCounter<'_> {
    /// Line number in the file of the byte at `pos`.
    pub fn line_at(&mut self, pos: usize) -> u64 {
        if pos < self.pos {
            (self.pos, self.lines) = (0, 0);
        }
        let pos = pos.min(self.chunk.bytes.len());
        self.lines += count_lines(self.chunk.bytes.get(self.pos..pos).unwrap_or_default());
        self.pos = pos;
        match &self.chunk.line_numbers {
            Some(numbers) => numbers
                .get(self.lines)
                .or(numbers.last())
                .copied()
                .unwrap_or(1),
            None => self.chunk.first_line + self.lines as u64,
        }
    }
}

fn count_lines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// Cuts a text that comes in blocks of any size into chunks that tear no record.
///
/// A chunk begins at a line where a record of one of the chosen parsers starts and where no
/// parser says that a record goes on. Memory stays bounded by the target, the longest block and
/// [`STRETCH_CAP`], for one document [`DOCUMENT_CAP`]; what that costs is told in [`Chunker::notes`].
pub struct Chunker {
    parsers: Vec<&'static dyn LogParser>,
    target: usize,
    lines: LineCap,
    /// It is read as one document.
    document: bool,
    margin: Option<Stripper>,
    repair: Option<Repair>,
    cutter: Cutter,
    /// Lines of the file before the text.
    before: u64,
}

impl Chunker {
    /// Chunks of about `target` bytes.
    pub fn new(choice: &Choice, target: usize) -> Self {
        let has = |id: &str| choice.parsers.iter().any(|parser| parser.id() == id);
        let document =
            has(expressway_dump::FORMAT) && !has(expressway::FORMAT) && !has(cms_syslog::FORMAT);
        Self {
            parsers: choice.parsers.clone(),
            target: target.max(1),
            lines: LineCap::new(if document { DOCUMENT_CAP } else { LINE_CAP }),
            document,
            margin: None,
            repair: choice.repair.then(Repair::new),
            cutter: Cutter::new(choice, if document { DOCUMENT_CAP } else { STRETCH_CAP }),
            before: 0,
        }
    }

    /// Says at which line of the file the text begins, before anything is pushed.
    pub fn start_at(&mut self, line: u64) {
        self.before = line.saturating_sub(1);
        self.cutter.first_line = line;
    }

    /// Says which marks the text has around its lines, before anything is pushed.
    pub fn strip(&mut self, margin: Margin) {
        self.margin = (!margin.is_none()).then(|| Stripper::new(margin));
        if margin.parts_lines() {
            self.cutter.places = Some(Places::default());
            self.cutter.numbers.get_or_insert_default();
        }
    }

    /// Takes the next bytes of the text and hands out what is complete.
    pub fn push(&mut self, block: &[u8], out: &mut dyn FnMut(Chunk)) {
        // bounded pieces, so that one huge block is not copied again for every chunk
        for piece in block.chunks(self.target.max(LINE_CAP)) {
            let Self {
                lines,
                margin,
                repair,
                cutter,
                before,
                ..
            } = self;
            lines.push(piece, &mut |bytes| match margin {
                None => cutter.take_in(bytes, repair, *before),
                Some(margin) => margin.push(bytes, &mut |line| {
                    cutter.take_in(line, repair, *before);
                }),
            });
            self.cut(false, out);
        }
    }

    /// The text is at its end: hands out the rest.
    pub fn finish(&mut self, out: &mut dyn FnMut(Chunk)) {
        let Self {
            lines,
            margin,
            repair,
            cutter,
            before,
            ..
        } = self;
        lines.finish();
        if let Some(margin) = margin {
            margin.finish(&mut |line| cutter.take_in(line, repair, *before));
        }
        if let Some(repair) = repair {
            repair.finish(&mut |line, number| cutter.add(line, *before, number));
        }
        self.cut(true, out);
        if !self.cutter.text.is_empty() {
            let all = self.cutter.text.len();
            out(self.cutter.take(all));
        }
    }

    /// Lines of the text so far, as they stand in the file.
    pub fn lines(&self) -> u64 {
        self.before + self.lines.lines + u64::from(self.lines.open > 0)
    }

    /// True when records of the text are mangled or a document was cut, so that silence means
    /// nothing.
    pub fn is_damaged(&self) -> bool {
        let cut = self.document && (self.cutter.forced > 0 || self.lines.capped > 0);
        self.torn() > 0 || cut
    }

    fn torn(&self) -> u64 {
        self.repair.as_ref().map_or(0, Repair::torn)
    }

    /// What was cut, dropped or guessed, in words.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.torn() > 0 {
            notes.push(format!(
                "{} records are torn and were put together by guess",
                self.torn()
            ));
        }
        if self.lines.capped > 0 {
            notes.push(format!(
                "{} lines longer than {} KiB were read in part ({} bytes dropped)",
                self.lines.capped,
                self.lines.cap / 1024,
                self.lines.dropped
            ));
        }
        if self.cutter.forced > 0 {
            notes.push(format!(
                "{} stretches of more than {} KiB without the start of a record were cut",
                self.cutter.forced,
                self.cutter.longest / 1024
            ));
        }
        notes
    }

    fn cut(&mut self, ended: bool, out: &mut dyn FnMut(Chunk)) {
        if let Some(bodies) = &mut self.cutter.bodies {
            let text = &mut self.cutter.text;
            if ended {
                bodies.finish(text);
            } else {
                bodies.grow(text);
            }
        }
        while let Some(at) = self.cutter.find(&self.parsers, self.target, ended) {
            out(self.cutter.take(at));
        }
    }
}

/// Shortens lines over a cap, looking at line feeds only.
struct LineCap {
    /// Bytes of a line that are kept.
    cap: usize,
    /// Bytes of the unfinished line.
    open: usize,
    dropping: bool,
    lines: u64,
    capped: u64,
    dropped: u64,
}

impl LineCap {
    fn new(cap: usize) -> Self {
        Self {
            cap,
            open: 0,
            dropping: false,
            lines: 0,
            capped: 0,
            dropped: 0,
        }
    }

    fn push(&mut self, block: &[u8], out: &mut dyn FnMut(&[u8])) {
        let mut rest = block;
        while !rest.is_empty() {
            let taken = if self.dropping {
                self.skip(rest, out)
            } else {
                self.pass(rest, out)
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    /// Passes on as many whole lines as fit into the cap; tells how much was used up.
    fn pass(&mut self, rest: &[u8], out: &mut dyn FnMut(&[u8])) -> usize {
        let room = self.cap.saturating_sub(self.open);
        let window = rest.get(..room + 1).unwrap_or(rest);
        let (keep, open) = match memchr::memrchr(b'\n', window) {
            Some(at) => (at + 1, 0),
            None if window.len() > room => {
                self.dropping = true;
                self.capped += 1;
                (room, self.open + room)
            }
            None => (window.len(), self.open + window.len()),
        };
        let kept = window.get(..keep).unwrap_or_default();
        self.lines += count_lines(kept) as u64;
        self.open = open;
        out(kept);
        keep
    }

    fn skip(&mut self, rest: &[u8], out: &mut dyn FnMut(&[u8])) -> usize {
        let Some(at) = memchr::memchr(b'\n', rest) else {
            self.dropped += rest.len() as u64;
            return rest.len();
        };
        self.dropped += at as u64;
        self.dropping = false;
        self.open = 0;
        self.lines += 1;
        out(b"\n");
        at + 1
    }

    fn finish(&mut self) {
        self.dropping = false;
    }
}

/// Where lines stand in the file, for lines that are asked for in rising order.
#[derive(Default)]
struct Places {
    /// Lines of the file so far.
    file: u64,
    /// Lines that were asked for and are forgotten.
    passed: u64,
    /// Lines of the file that hold the lines behind them.
    waiting: VecDeque<u64>,
}

impl Places {
    /// The next line of the file has become so many.
    fn grow(&mut self, lines: usize) {
        self.file += 1;
        self.waiting.extend(std::iter::repeat_n(self.file, lines));
    }

    /// The line of the file that holds this one, counted from 1.
    fn find(&mut self, number: u64) -> u64 {
        while self.passed + 1 < number && self.waiting.len() > 1 {
            self.waiting.pop_front();
            self.passed += 1;
        }
        self.waiting.front().copied().unwrap_or(self.file)
    }
}

/// The text that is not handed out yet, and where it may be cut.
struct Cutter {
    text: Vec<u8>,
    first_line: u64,
    numbers: Option<Vec<u64>>,
    /// For texts of which one line may become several.
    places: Option<Places>,
    /// For texts that may hold messages.
    bodies: Option<Bodies>,
    /// Every cut up to here was looked at and is not allowed.
    checked: usize,
    /// Bytes without a place to cut that stay together.
    longest: usize,
    forced: u64,
}

impl Cutter {
    fn new(choice: &Choice, longest: usize) -> Self {
        let numbers = choice.repair.then(Vec::new);
        Self {
            text: Vec::new(),
            first_line: 1,
            numbers,
            places: None,
            bodies: Kind::chosen(choice).map(Bodies::new),
            checked: 0,
            longest,
            forced: 0,
        }
    }

    /// Adds text as it stands, or what the repair makes of it; one line of the file at a time
    /// where one may have become several.
    fn take_in(&mut self, bytes: &[u8], repair: &mut Option<Repair>, before: u64) {
        let pieces = bytes.split_inclusive(|b| *b == b'\n');
        if let Some(places) = &mut self.places {
            places.grow(pieces.clone().count());
        }
        match repair {
            Some(repair) => repair.push(bytes, &mut |line, number| {
                self.add(line, before, number);
            }),
            None if self.places.is_none() => self.text.extend_from_slice(bytes),
            None => pieces.for_each(|line| self.add(line, before, u64::MAX)),
        }
    }

    /// Adds a line with its number in the text that was taken in.
    fn add(&mut self, line: &[u8], before: u64, number: u64) {
        self.text.extend_from_slice(line);
        let number = match &mut self.places {
            Some(places) => places.find(number),
            None => number,
        };
        if let Some(numbers) = &mut self.numbers {
            numbers.push(before + number);
        }
    }

    /// The cut nearest below the target, else the first one above it.
    fn find(
        &mut self,
        parsers: &[&'static dyn LogParser],
        target: usize,
        ended: bool,
    ) -> Option<usize> {
        if self.text.len() <= target {
            return None;
        }
        // the window behind a cut has to be complete
        let limit = if ended {
            self.text.len().saturating_sub(1)
        } else {
            let settled = self.bodies.as_ref().map(|b| b.settled(&self.text));
            let end = settled.unwrap_or(self.text.len());
            line_start(&self.text, end).saturating_sub(JOIN_WINDOW + 1)
        };
        if !ended && limit < target {
            return None;
        }
        let mut high = target.max(self.checked);
        loop {
            let top = high.min(limit);
            if let Some(at) = self.allowed(parsers, top) {
                return Some(at);
            }
            self.checked = self.checked.max(top);
            let longest = self.longest.max(target);
            if self.checked >= longest {
                self.forced += 1;
                return Some(line_start(&self.text, longest)).filter(|at| *at > 0);
            }
            if top == limit {
                return None;
            }
            high = top + target.max(STEP);
        }
    }

    /// The last allowed cut in `checked+1..=top`.
    fn allowed(&self, parsers: &[&'static dyn LogParser], top: usize) -> Option<usize> {
        let mut at = line_start(&self.text, top);
        while at > self.checked {
            let line = self
                .text
                .get(at..line_end(&self.text, at))
                .unwrap_or_default();
            if parsers.iter().any(|parser| parser.is_record_start(line))
                && !self.joined(parsers, at)
            {
                return Some(at);
            }
            at = line_start(&self.text, at - 1);
        }
        None
    }

    fn joined(&self, parsers: &[&'static dyn LogParser], at: usize) -> bool {
        let low = line_start(&self.text, at.saturating_sub(JOIN_WINDOW + 1));
        let high = line_end(&self.text, (at + JOIN_WINDOW).min(self.text.len()));
        let before = self.text.get(low..at).unwrap_or_default();
        let after = self.text.get(at..high).unwrap_or_default();
        parsers.iter().any(|parser| parser.joined(before, after))
    }

    /// Takes the first `at` bytes as a chunk.
    fn take(&mut self, at: usize) -> Chunk {
        let rest = self.text.split_off(at);
        let bytes = std::mem::replace(&mut self.text, rest);
        self.checked = 0;
        if let Some(bodies) = &mut self.bodies {
            bodies.taken(at);
        }
        let lines = count_lines(&bytes);
        match &mut self.numbers {
            None => {
                let first_line = self.first_line;
                self.first_line += lines as u64;
                Chunk {
                    bytes,
                    first_line,
                    line_numbers: None,
                }
            }
            Some(numbers) => {
                // a last line without a line feed has a number of its own
                let open = usize::from(bytes.last().is_some_and(|b| *b != b'\n'));
                let rest = numbers.split_off((lines + open).min(numbers.len()));
                let taken = std::mem::replace(numbers, rest);
                let first_line = taken.first().copied().unwrap_or(1);
                Chunk {
                    bytes,
                    first_line,
                    line_numbers: Some(taken),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::LOG_PARSERS;
    use crate::parse::testing::chunks;

    fn choice() -> Choice {
        Choice {
            parsers: LOG_PARSERS.to_vec(),
            repair: false,
        }
    }

    #[test]
    fn lines_are_numbered_from_the_file() {
        let chunk = Chunk {
            bytes: b"a\nb\nc".to_vec(),
            first_line: 10,
            line_numbers: None,
        };
        assert_eq!(
            [0, 1, 2, 4, 99].map(|at| chunk.line_at(at)),
            [10, 10, 11, 12, 12]
        );
        let mut counter = chunk.line_counter();
        assert_eq!([4, 0, 2].map(|at| counter.line_at(at)), [12, 10, 11]);
        let chunk = Chunk {
            line_numbers: Some(vec![3, 9, 20]),
            ..chunk
        };
        assert_eq!([0, 2, 4, 99].map(|at| chunk.line_at(at)), [3, 9, 20, 20]);
    }

    #[test]
    fn an_over_long_line_is_kept_in_part() {
        let mut text = b"Mar 30 11:22:45 user.info a b:  ".to_vec();
        text.extend(std::iter::repeat_n(b'x', 3 * LINE_CAP));
        let next = b"Mar 30 11:22:46 user.info a b:  next\n";
        text.push(b'\n');
        text.extend_from_slice(next);
        for block in [1 << 20, LINE_CAP, 1000] {
            let mut chunker = Chunker::new(&choice(), 1 << 20);
            let mut found = Vec::new();
            for block in text.chunks(block) {
                chunker.push(block, &mut |chunk| found.push(chunk));
            }
            chunker.finish(&mut |chunk| found.push(chunk));
            let bytes: Vec<u8> = found.into_iter().flat_map(|chunk| chunk.bytes).collect();
            assert_eq!(bytes.len(), LINE_CAP + 1 + next.len());
            assert_eq!(chunker.lines(), 2);
            assert_eq!(chunker.notes().len(), 1, "{:?}", chunker.notes());
        }
        let exact: Vec<u8> = [vec![b'x'; LINE_CAP], b"\ny".to_vec()].concat();
        let mut chunker = Chunker::new(&choice(), 1 << 20);
        chunker.push(&exact, &mut |_| {});
        chunker.finish(&mut |chunk| assert_eq!(chunk.bytes, exact));
        assert!(chunker.notes().is_empty());
        assert_eq!(chunker.lines(), 2);
    }

    #[test]
    fn memory_is_bounded_without_lines_and_without_records() {
        let mut chunker = Chunker::new(&choice(), 1 << 16);
        for _ in 0..500 {
            chunker.push(&[b'x'; 100_000], &mut |_| {});
        }
        assert!(chunker.cutter.text.len() <= 2 * LINE_CAP);
        let mut chunker = Chunker::new(&choice(), 1 << 16);
        let line = "no record at all, only words\n".repeat(1000);
        let mut largest = 0;
        for _ in 0..200 {
            chunker.push(line.as_bytes(), &mut |chunk| {
                largest = largest.max(chunk.bytes.len());
            });
            assert!(chunker.cutter.text.len() < STRETCH_CAP + (1 << 18));
        }
        assert!(largest > 0 && largest <= STRETCH_CAP);
        assert_eq!(chunker.notes().len(), 1);
    }

    #[test]
    fn linked_parts_stay_together() {
        let part =
            |m: usize| format!("Mar 30 12:39:04 local0.warning c postgres[7]:  [2-{m}] text {m}\n");
        let other = "Mar 30 12:39:04 user.info c sfpool:  fine\n";
        let text: String = (1..9).map(|m| part(m) + &other.repeat(20)).collect();
        let last = text.rfind("[2-8]").expect("it is there");
        let found = chunks(text.as_bytes(), &choice(), 100, 64);
        assert!(found.len() > 3);
        assert!(found[0].bytes.len() > last && found[0].bytes.len() < last + 200);
    }
}
