//! How a pasted text is wrapped, learnt from its first bytes.

use crate::model::time::RawTime;
use crate::parse::log::{cms_syslog, expressway};
use crate::parse::repair::shape::{is_body, is_foreign};
use crate::parse::scan::{is_blank, lines, width};

/// Widest column at which a text is taken to wrap.
const MAX_WIDTH: usize = 220;

/// Whose record it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Cms,
    Expressway,
}

/// How a text is wrapped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// Column at which lines of records end.
    pub(super) width: Option<usize>,
    /// Lines are cut at that column, also inside words.
    pub(super) hard: bool,
    /// Enough lines show whether words were cut.
    pub(super) sure: bool,
    /// Blanks before every cut-off rest of a line.
    pub(super) indent: usize,
    /// Blanks at the ends of lines are those of the record.
    pub(super) exact: bool,
    /// No record has a stamp, so that records without one count.
    timeless: bool,
}

/// Width of the first word of a line.
pub(super) fn first_word(line: &[u8]) -> usize {
    let words = line.trim_ascii();
    let end = words.iter().position(u8::is_ascii_whitespace);
    width(words.get(..end.unwrap_or(words.len())).unwrap_or_default())
}

impl Style {
    /// Whose record begins with this line.
    pub(super) fn kind(&self, line: &[u8]) -> Option<Kind> {
        let counts = |time: RawTime| self.timeless || time != RawTime::None;
        if cms_syslog::header(line).is_some_and(|header| counts(header.time)) {
            return Some(Kind::Cms);
        }
        let ours = expressway::header(line).is_some_and(|header| counts(header.time));
        ours.then_some(Kind::Expressway)
    }

    /// Learnt from the first bytes of a text.
    pub(super) fn of(head: &[u8]) -> Self {
        let mut style = Self::default();
        style.timeless = !lines(head).any(|(_, line)| style.kind(line).is_some());
        let all: Vec<&[u8]> = lines(head).map(|(_, line)| line).collect();
        let mut widths = Vec::new();
        // width of each wrapped line, and of the word that stands behind its end
        let mut wrapped: Vec<(usize, usize)> = Vec::new();
        let mut indents = Vec::new();
        let mut last: Option<&[u8]> = None;
        for (nth, line) in all.iter().enumerate() {
            let kind = style.kind(line);
            if kind.is_some() {
                widths.push(width(line));
                let next = all
                    .get(nth + 2)
                    .is_some_and(|l| !is_blank(l) && style.kind(l).is_none());
                let gap = all.get(nth + 1).is_some_and(|l| is_blank(l));
                style.exact |= line.ends_with(b" ") && gap && next;
                last = Some(line);
            } else if is_blank(line) || is_foreign(line) || is_body(line) {
                last = None;
            } else if let Some(before) = last {
                wrapped.push((width(before), first_word(line)));
                widths.push(width(line));
                indents.push(line.iter().take_while(|b| **b == b' ').count());
                last = Some(line);
            } else if expressway::has_pair(line) {
                widths.push(width(line));
                last = Some(line);
            }
        }
        let widest = widths.iter().copied().max().filter(|w| *w <= MAX_WIDTH);
        style.width = widest;
        if let Some(widest) = widest {
            // where the next word had room enough something else broke the line
            wrapped.retain(|(w, word)| *w + 1 >= widest || w + 1 + word > widest);
            let full = wrapped.iter().filter(|(w, _)| *w == widest).count();
            let near = wrapped.iter().all(|(w, _)| *w + 1 >= widest);
            let usual = matches!(widest, 72 | 76 | 78 | 80 | 100 | 120 | 132);
            style.hard =
                (near && full * 5 >= wrapped.len() * 4 && (full > 1 || (full == 1 && usual)))
                    || (full >= 3 && full * 4 >= wrapped.len() * 3);
            style.sure = style.hard || (wrapped.len() > 1 && full * 2 < wrapped.len());
            style.indent = if style.hard {
                indents.iter().copied().min().unwrap_or(0)
            } else {
                0
            };
        }
        style
    }
}
