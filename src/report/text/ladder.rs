//! One connection as a ladder: packets from the one end and the other, records beside them, and
//! the filters that find the same packets elsewhere.

use std::io::{self, Write};

use super::Page;
use crate::model::ladder::Shown;
use crate::report::ladder::{self, Arrow, Capture, Line, Stress};
use crate::report::paint::Tint;
use crate::report::{Look, layout};

/// Lines that one row may take.
const LINES: usize = 3;

/// Writes it.
///
/// # Errors
/// Those of `out`.
pub fn write(shown: &Shown, look: &Look<'_>, out: &mut dyn Write) -> io::Result<()> {
    let drawn = ladder::drawn(shown, look);
    let mut page = Page::new(*look);
    page.line(0, &drawn.title, Some(Tint::Bold));
    for name in &drawn.found {
        entry(&mut page, "ladder.found", name);
    }
    for capture in &drawn.captures {
        draw(&mut page, capture);
    }
    if let Some(more) = &drawn.more {
        page.blank();
        page.prose(0, more);
    }
    // filters are never broken or cut, as they are there to be copied
    page.heading(look.locale.word("ladder.wireshark"));
    page.push(&format!("  {}", drawn.display_filter));
    page.heading("tcpdump");
    for command in &drawn.commands {
        page.push(&format!("  {command}"));
    }
    out.write_all(page.text.as_bytes())
}

/// A line `name  text` of a list whose names are equally wide.
fn entry(page: &mut Page<'_>, key: &str, text: &str) {
    const KEYS: [&str; 5] = [
        "ladder.state",
        "ladder.time",
        "ladder.rtt",
        "ladder.protocol",
        "ladder.found",
    ];
    let locale = page.look.locale;
    let widest = KEYS.iter().map(|key| layout::width(locale.word(key))).max();
    let lead = layout::pad(locale.word(key), widest.unwrap_or(0));
    page.item(2, &lead, Some(Tint::Dim), text);
}

fn draw(page: &mut Page<'_>, capture: &Capture) {
    page.heading(&layout::shorten_path(&capture.origin, page.look.width));
    for (key, text) in &capture.about {
        entry(page, key, text);
    }
    for note in &capture.notes {
        page.prose(2, note);
    }
    page.blank();
    let [originator, responder] = &capture.ends;
    let head = Line {
        frame: page.word("ladder.frame").to_owned(),
        time: page.word("ladder.seconds").to_owned(),
        arrow: Arrow::None,
        place: String::new(),
        assumed: String::new(),
        text: page.fill(
            "ladder.ends",
            &[("originator", originator), ("responder", responder)],
        ),
        stress: Stress::Quiet,
    };
    let lines = || std::iter::once(&head).chain(&capture.lines);
    let widest = |of: fn(&Line) -> &str| lines().map(|line| layout::width(of(line))).max();
    let frames = widest(|line| &line.frame).unwrap_or(0);
    let times = widest(|line| &line.time).unwrap_or(0);
    for line in lines() {
        rung(page, line, frames, times);
    }
}

fn tint(stress: Stress) -> Option<Tint> {
    match stress {
        Stress::Plain => None,
        Stress::Quiet => Some(Tint::Dim),
        Stress::Bad => Some(Tint::Red),
        Stress::Care => Some(Tint::Yellow),
        Stress::Remark => Some(Tint::Bold),
        Stress::Record => Some(Tint::Cyan),
    }
}

/// What a line says, with the place of a record before it.
fn words(page: &Page<'_>, line: &Line) -> String {
    match line.stress {
        Stress::Remark => format!("= {}", line.text),
        Stress::Record => {
            let place = layout::shorten_path(&line.place, (page.look.width / 2).max(20));
            let assumed = match line.assumed.as_str() {
                "" => String::new(),
                assumed => format!(" ({assumed})"),
            };
            format!("{place}{assumed}: {}", line.text)
        }
        _ => line.text.clone(),
    }
}

/// One line; its text goes on under its own start.
fn rung(page: &mut Page<'_>, line: &Line, frames: usize, times: usize) {
    let right = |text: &str, columns: usize| {
        let fill = columns.saturating_sub(layout::width(text));
        format!("{}{text}", " ".repeat(fill))
    };
    let lead = format!(
        "  {}  {}  {}  ",
        right(&line.frame, frames),
        right(&line.time, times),
        layout::pad(line.arrow.sign(), layout::width(Arrow::Forth.sign()))
    );
    let hang = layout::width(&lead);
    let room = page.look.width.saturating_sub(hang).max(10);
    let mut rows = layout::wrap_rows(&words(page, line), room, LINES).into_iter();
    let paint = |page: &Page<'_>, text: &str| match tint(line.stress) {
        Some(tint) => page.paint(text, tint),
        None => text.to_owned(),
    };
    let first = paint(page, &rows.next().unwrap_or_default());
    page.push(&format!("{lead}{first}"));
    for row in rows {
        let row = paint(page, &row);
        page.push(&format!("{}{row}", " ".repeat(hang)));
    }
}
