//! Alarms in a status: branches `Alarm n` or `Warning n`, wherever they stand.

use std::collections::BTreeMap;

use super::facts::source;
use super::{Dump, REACH, is_border};
use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::scan::{line_at, lines};

pub(super) const ALARM: &str = "expressway.alarm";

/// States of an alarm that is over, and of one that is not.
const LOWERED: [&str; 4] = ["lowered", "cleared", "inactive", "resolved"];
const RAISED: [&str; 5] = ["raised", "active", "acknowledged", "unacknowledged", "open"];

fn is_one_of(words: &[&str], value: &str) -> bool {
    words.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// True for a whole word, which nothing was cut from.
fn is_state(value: &str) -> bool {
    is_lowered(value) || is_one_of(&RAISED, value)
}

/// What the status shows of one alarm.
#[derive(Debug, Default)]
struct Alarm<'a> {
    fields: Vec<(&'static str, &'a str)>,
    start: usize,
    end: usize,
    lowered: bool,
}

/// True when the dump ends as it should, or goes on with a whole line of its own, within the
/// stretch that stays together wherever the text is cut. What follows a dump says nothing of it.
fn goes_on(rest: &[u8]) -> bool {
    let trimmed = rest.trim_ascii_start();
    let ends = ["*s/end", "</"];
    if ends.iter().any(|end| trimmed.starts_with(end.as_bytes())) {
        return true;
    }
    // what is left of the alarm's own line
    let (_, next) = line_at(rest, 0);
    let behind = rest.get(next..).unwrap_or_default();
    lines(behind)
        .take_while(|(at, _)| *at <= REACH)
        .find(|(_, line)| is_border(line) || super::is_part(line))
        .is_some_and(|(at, line)| at + line.len() < behind.len() && !is_border(line))
}

/// An event for every alarm, with the offset of its first leaf.
pub(super) fn alarms<'l>(
    bytes: &'l [u8],
    dump: &Dump<'l>,
    host: Option<&str>,
) -> Vec<(usize, Event<'l>)> {
    let mut found: BTreeMap<(&str, &str), Alarm<'_>> = BTreeMap::new();
    for leaf in &dump.leaves {
        let Some((branch, name)) = alarm_part(&leaf.key) else {
            continue;
        };
        let value = leaf.value.as_ref();
        let alarm = found.entry(branch).or_insert_with(|| Alarm {
            start: leaf.start,
            ..Alarm::default()
        });
        alarm.end = leaf.end;
        let name = name.to_ascii_lowercase();
        let field = match name.rsplit(' ').next().unwrap_or_default() {
            "id" | "alarmid" => "Id",
            "title" | "name" => "Title",
            "description" | "detail" | "reason" | "text" => "Description",
            "severity" | "level" => "Severity",
            "state" | "status" => {
                alarm.lowered = is_lowered(value);
                "State"
            }
            _ => continue,
        };
        if !value.is_empty() {
            alarm.fields.push((field, value));
        }
    }
    // the last alarm of a dump may have lost the line that says it is lowered, or half of it
    let cut = |alarm: &Alarm<'_>| {
        let mut state = alarm.fields.iter().filter(|(field, _)| *field == "State");
        let whole = state.any(|(_, state)| is_state(state));
        !whole && !goes_on(bytes.get(alarm.end..).unwrap_or_default())
    };
    let telling = |alarm: &Alarm<'_>| {
        let names = |field: &str| matches!(field, "Id" | "Title" | "Description");
        alarm.fields.iter().any(|(field, _)| names(field))
    };
    found
        .into_values()
        .filter(|alarm| telling(alarm) && !cut(alarm))
        .map(|alarm| {
            let mut event = Event {
                format: ALARM,
                time: RawTime::None,
                line: 0,
                fields: Vec::new(),
                text: source(bytes, alarm.start, alarm.end),
            };
            if let Some(host) = host {
                event.push("host", host.to_owned());
            }
            for (name, value) in &alarm.fields {
                event.push(*name, (*value).to_owned());
            }
            let words = |wanted: &str| {
                let fields = alarm.fields.iter();
                let mut of = fields.filter(|(field, _)| *field == wanted);
                of.next().map(|(_, value)| *value)
            };
            event.push("words", joined_words(words("Title"), words("Description")));
            event.push("open", if alarm.lowered { "false" } else { "true" });
            (alarm.start, event)
        })
        .collect()
}

/// True for a leaf of an alarm.
pub(super) fn is_part(key: &str) -> bool {
    alarm_part(key).is_some()
}

/// True for a state that says the alarm is over.
pub(super) fn is_lowered(state: &str) -> bool {
    is_one_of(&LOWERED, state)
}

/// Title and description as alarm records join them.
pub(super) fn joined_words(title: Option<&str>, description: Option<&str>) -> String {
    let both: Vec<&str> = [title, description].into_iter().flatten().collect();
    both.join(": ")
}

/// The branch of an alarm, as what stands before its number and the number, and the rest.
fn alarm_part(key: &str) -> Option<((&str, &str), &str)> {
    for list in ["Alarm ", "Warning "] {
        let mut from = 0;
        while let Some(at) = key.get(from..).and_then(|rest| rest.find(list)) {
            let begin = from + at;
            let behind = begin + list.len();
            let whole = begin == 0 || key.get(..begin).is_some_and(|before| before.ends_with(' '));
            let rest = key.get(behind..)?;
            if let Some((number, name)) = rest.split_once(' ')
                && whole
                && number.bytes().all(|b| b.is_ascii_digit())
            {
                return Some(((key.get(..behind)?, number), name));
            }
            from = behind;
        }
    }
    None
}
