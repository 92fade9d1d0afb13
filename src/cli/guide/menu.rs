//! Choosing, pasting and typing on the terminal.
//!
//! What is chosen stands on one line that is written anew at every key, so that neither a narrow
//! terminal nor a resize can break it. No escape sequence is sent.

use std::io::{self, Write as _};

use crate::locale::Locale;
use crate::report::{layout, sanitize};

use super::super::ask::{Key, Keys};
use super::super::settings;

/// Bytes that are taken from one paste.
const PASTED: usize = 16 << 20;

/// Bytes of one typed line.
const TYPED: usize = 4096;

/// Something to choose.
pub(super) struct Item {
    /// The letter that stands for it; without one it is numbered.
    pub(super) letter: Option<char>,
    pub(super) text: String,
}

impl Item {
    pub(super) fn numbered(text: &str) -> Self {
        let text = text.to_owned();
        Self { letter: None, text }
    }

    pub(super) fn lettered(letter: char, text: String) -> Self {
        let letter = Some(letter);
        Self { letter, text }
    }

    fn name(&self, at: usize) -> String {
        match self.letter {
            Some(letter) => letter.to_string(),
            None => (at + 1).to_string(),
        }
    }
}

/// What was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    Item(usize),
    /// Esc.
    Back,
    /// Ctrl-D, or nobody is there any more.
    Ended,
    Interrupted,
}

/// What was typed or pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Text(String),
    Back,
    Interrupted,
    /// More than is taken.
    TooMuch,
}

/// Shows a text.
pub(super) fn tell(text: &str) {
    let mut out = io::stderr().lock();
    _ = out.write_all(text.as_bytes());
    _ = out.flush();
}

/// Lists what can be chosen and waits for a choice: arrows, a number or a letter, then Enter.
pub(super) fn choose(locale: &Locale, items: &[Item]) -> Chosen {
    tell(&listed(items));
    let mut keys = Keys::open();
    let mut line = Line::new(locale.word("guide.prompt").to_owned());
    let mut selected: Option<usize> = None;
    let mut digits = String::new();
    line.show("");
    let chosen = loop {
        match keys.next() {
            Key::Up | Key::Down if items.is_empty() => {}
            Key::Up => selected = Some(selected.map_or(items.len() - 1, |at| at.saturating_sub(1))),
            Key::Down => selected = Some(selected.map_or(0, |at| (at + 1).min(items.len() - 1))),
            Key::Char(c) if c.is_ascii_digit() => {
                digits.push(c);
                if position(items, &digits).is_none() {
                    digits = c.to_string();
                }
                selected = position(items, &digits);
                line.show(&selected.map_or(String::new(), |at| shown(items, at)));
                continue;
            }
            Key::Char(c) => {
                let meant = items
                    .iter()
                    .position(|item| item.letter == Some(c.to_ascii_lowercase()));
                selected = meant.or(selected);
            }
            Key::Erase => selected = None,
            Key::Enter => {
                if let Some(at) = selected {
                    break Chosen::Item(at);
                }
            }
            Key::Escape => break Chosen::Back,
            Key::End => break Chosen::Ended,
            Key::Interrupt => break Chosen::Interrupted,
        }
        digits.clear();
        line.show(&selected.map_or(String::new(), |at| shown(items, at)));
    };
    tell("\n");
    chosen
}

/// The item with this number.
fn position(items: &[Item], digits: &str) -> Option<usize> {
    let at = digits.parse::<usize>().ok()?.checked_sub(1)?;
    items
        .get(at)
        .filter(|item| item.letter.is_none())
        .map(|_| at)
}

fn shown(items: &[Item], at: usize) -> String {
    let item = items.get(at);
    item.map_or(String::new(), |item| {
        format!("{}. {}", item.name(at), sanitize::line(&item.text))
    })
}

fn listed(items: &[Item]) -> String {
    let width = settings::width().clamp(40, super::page::PROSE);
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        let lead = format!("  {:>2}. ", item.name(at));
        let text = sanitize::line(&item.text);
        let room = width.saturating_sub(lead.len());
        for (row, part) in layout::wrap(&text, room).into_iter().enumerate() {
            let lead = if row == 0 {
                lead.clone()
            } else {
                " ".repeat(lead.len())
            };
            out.push_str(&format!("{lead}{part}\n"));
        }
    }
    out
}

/// The line on which the choice stands.
struct Line {
    prompt: String,
    before: usize,
    /// Columns when it was last written: the terminal breaks it itself when they become fewer.
    room: usize,
}

impl Line {
    fn new(prompt: String) -> Self {
        Self {
            prompt,
            before: 0,
            room: 0,
        }
    }

    fn show(&mut self, chosen: &str) {
        let room = settings::width().saturating_sub(1).max(8);
        if self.room != 0 && self.room != room {
            tell("\n");
            self.before = 0;
        }
        self.room = room;
        // the choice matters more than the prompt
        let text = layout::shorten(&format!("{} {chosen}", self.prompt), room);
        let text = match layout::width(&self.prompt) + 8 > room {
            true => layout::shorten(&format!("> {chosen}"), room),
            false => text,
        };
        let wide = self.before.min(room);
        tell(&format!("\r{}\r{text}", layout::pad(&text, wide)));
        self.before = layout::width(&text);
    }
}

/// Takes lines until one holds a single full stop, or Ctrl-D.
pub(super) fn paste(locale: &Locale) -> Typed {
    tell(&format!("{}\n", locale.word("guide.paste.how")));
    let mut keys = Keys::open();
    let mut text = String::new();
    let mut too_much = false;
    loop {
        match typed(&mut keys, text.is_empty()) {
            Entered::Line(line) if line.trim() == "." => break,
            Entered::Line(line) => {
                text.push_str(&line);
                text.push('\n');
            }
            Entered::Last(line) => {
                text.push_str(&line);
                break;
            }
            Entered::Back => return Typed::Back,
            Entered::Interrupted => return Typed::Interrupted,
        }
        // what is too much is read to its end, so that it is no answer to what comes next
        if text.len() > PASTED {
            text.truncate(0);
            too_much = true;
        }
    }
    keys.forget();
    match too_much {
        true => Typed::TooMuch,
        false => Typed::Text(text),
    }
}

/// Takes one line.
pub(super) fn line(question: &str) -> Typed {
    tell(&format!("{question} "));
    let mut keys = Keys::open();
    match typed(&mut keys, true) {
        Entered::Line(line) | Entered::Last(line) if line.len() > TYPED => Typed::TooMuch,
        Entered::Line(line) => Typed::Text(line.trim().to_owned()),
        Entered::Last(_) | Entered::Back => Typed::Back,
        Entered::Interrupted => Typed::Interrupted,
    }
}

enum Entered {
    Line(String),
    /// The end of input came behind it.
    Last(String),
    Back,
    Interrupted,
}

/// One line, echoed as it comes; Esc goes back where nothing was entered yet.
fn typed(keys: &mut Keys, may_go_back: bool) -> Entered {
    let mut line = String::new();
    loop {
        match keys.next() {
            Key::Enter => {
                tell("\n");
                return Entered::Line(line);
            }
            Key::Char(c) if line.len() <= PASTED => {
                line.push(c);
                tell(&sanitize::line(c.encode_utf8(&mut [0; 4])));
            }
            Key::Erase => {
                if let Some(c) = line.pop() {
                    let columns = layout::width(&sanitize::line(c.encode_utf8(&mut [0; 4])));
                    let back = "\u{8}".repeat(columns);
                    tell(&format!("{back}{}{back}", " ".repeat(columns)));
                }
            }
            Key::Escape if may_go_back && line.is_empty() => {
                tell("\n");
                return Entered::Back;
            }
            Key::End => {
                tell("\n");
                return Entered::Last(line);
            }
            Key::Interrupt => {
                tell("\n");
                return Entered::Interrupted;
            }
            Key::Char(_) | Key::Up | Key::Down | Key::Escape => {}
        }
    }
}
