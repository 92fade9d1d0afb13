//! What a node says to one command, line by line, within its limits.

use std::collections::VecDeque;

use super::talk::Talk;
use crate::agent::{Answer, KEPT};

/// Lines at the start of an answer in which a node says that it does not know a command.
const FIRST_LINES: usize = 5;

/// Last lines that are remembered to tell what a node said.
const LAST_LINES: usize = 6;

/// Characters of each of them.
const LAST_CHARS: usize = 200;

/// Lines that an echo may be wrapped into, blank ones included.
const HELD: usize = 32;

/// Columns without blanks from which on an echo may not fit a terminal of 80 columns.
const NARROW: usize = 64;

/// The last lines a node said, bounded.
#[derive(Default)]
pub(super) struct Last(VecDeque<String>);

impl Last {
    /// One line, bounded like the others.
    pub(super) fn of(line: &str) -> String {
        line.chars().take(LAST_CHARS).collect()
    }

    pub(super) fn push(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        if self.0.len() >= LAST_LINES {
            self.0.pop_front();
        }
        self.0.push_back(Self::of(line));
    }

    /// The last line that is not blank.
    pub(super) fn line(&self) -> &str {
        self.0.back().map_or("", String::as_str)
    }

    /// All of them and the unfinished one.
    pub(super) fn text(&self, unfinished: &str) -> String {
        let mut lines: Vec<&str> = self.0.iter().map(String::as_str).collect();
        let cut = Self::of(unfinished);
        if !cut.trim().is_empty() {
            lines.push(&cut);
        }
        lines.join("\n")
    }
}

/// The echo of a command: the terminal repeats what is typed, behind the prompt, perhaps wrapped.
enum Echo {
    /// Lines that may be the echo, and their text without blanks.
    Coming(Vec<String>, String),
    /// It came.
    Came,
    /// The node repeats nothing.
    Absent,
    /// Something else stands where it should.
    Wrong(String),
}

/// The answer to one command.
pub(super) struct Heard {
    prompt: String,
    /// Command without blanks.
    bare: String,
    /// The node has repeated commands before.
    must_echo: bool,
    echo: Echo,
    pub(super) text: String,
    pub(super) dropped: u64,
    pub(super) last: Last,
    lines: usize,
    unknown: bool,
    failed: bool,
    /// An interrupt was sent, which terminals show as `^C`.
    pub(super) stopped: bool,
    /// What was answered to a question and may come back as the next line.
    reply: Option<String>,
}

impl Heard {
    pub(super) fn new(prompt: &str, command: &str, must_echo: bool) -> Self {
        let bare = squeezed(command);
        Self {
            prompt: prompt.to_owned(),
            bare,
            must_echo,
            echo: Echo::Coming(Vec::new(), String::new()),
            text: String::new(),
            dropped: 0,
            last: Last::default(),
            lines: 0,
            unknown: false,
            failed: false,
            stopped: false,
            reply: None,
        }
    }

    /// Takes a finished line.
    pub(super) fn line(&mut self, line: &str, talk: &Talk) {
        let Echo::Coming(held, so_far) = &mut self.echo else {
            return self.keep(line, talk);
        };
        so_far.push_str(&squeezed(line));
        let prompt = squeezed(&self.prompt);
        let typed = behind(so_far, &prompt);
        let begun = self.bare.starts_with(typed) || prompt.starts_with(typed);
        if typed == self.bare || is_redrawn(&squeezed(line), &prompt, &self.bare) {
            self.echo = Echo::Came;
        } else if begun && held.len() < HELD {
            held.push(line.to_owned());
        } else if self.must_echo {
            self.echo = Echo::Wrong(line.to_owned());
        } else {
            let held = std::mem::take(held);
            self.no_echo(held, talk);
            self.keep(self.without_prompt(line).as_str(), talk);
        }
    }

    /// What was held back as a possible echo is part of the answer.
    fn no_echo(&mut self, held: Vec<String>, talk: &Talk) {
        self.echo = Echo::Absent;
        for line in held {
            let line = self.without_prompt(&line);
            if !line.is_empty() {
                self.keep(&line, talk);
            }
        }
    }

    fn without_prompt(&self, line: &str) -> String {
        line.strip_prefix(&self.prompt)
            .filter(|_| !self.prompt.is_empty())
            .map_or(line, str::trim_start)
            .to_owned()
    }

    /// A question of the node was answered: it is not asked any more, and the terminal may repeat
    /// the answer.
    pub(super) fn answered(&mut self, answer: &str) {
        self.last = Last::default();
        self.reply = Some(answer.trim().to_owned());
    }

    fn keep(&mut self, line: &str, talk: &Talk) {
        if self.reply.take().is_some_and(|reply| line.trim() == reply) {
            return;
        }
        let line = self.without_stop(line);
        if !line.is_empty() && line == self.prompt {
            return;
        }
        self.last.push(line);
        self.lines += usize::from(!line.trim().is_empty());
        self.unknown |= self.lines <= FIRST_LINES && talk.is_unknown(line);
        self.failed |= talk.is_failure(line);
        if self.dropped == 0 && self.text.len() + line.len() < KEPT {
            self.text.push_str(line);
            self.text.push('\n');
        } else {
            self.dropped += line.len() as u64 + 1;
        }
    }

    /// A line without the sign with which terminals show our interrupt.
    pub(super) fn without_stop<'l>(&self, line: &'l str) -> &'l str {
        let sign = "^C";
        let bare = line.strip_prefix(sign).or_else(|| line.strip_suffix(sign));
        bare.filter(|_| self.stopped).unwrap_or(line)
    }

    /// True when an end may be believed: the node has begun a line of its own, and has repeated
    /// the command if it does that.
    pub(super) fn may_end(&self) -> bool {
        match &self.echo {
            Echo::Came | Echo::Absent => true,
            Echo::Coming(held, _) => !self.must_echo && !held.is_empty(),
            Echo::Wrong(_) => false,
        }
    }

    /// True once the node has repeated the command.
    pub(super) fn echoed(&self) -> bool {
        matches!(self.echo, Echo::Came)
    }

    /// The line that stands where the echo should.
    pub(super) fn wrong_echo(&self) -> Option<&str> {
        match &self.echo {
            Echo::Wrong(line) => Some(line),
            _ => None,
        }
    }

    /// The answer is over.
    pub(super) fn end(&mut self, talk: &Talk) -> Answer {
        if let Echo::Coming(held, _) = &mut self.echo {
            let held = std::mem::take(held);
            self.no_echo(held, talk);
        }
        match (self.unknown, self.failed) {
            (true, _) => Answer::Unknown,
            (_, true) => Answer::Failed,
            _ => Answer::Done,
        }
    }
}

/// True when a line is what remains of an echo that does not fit its terminal: `<` and the end of
/// the command where the editor scrolls, or the end of the command over the beginning of it where
/// the terminal is narrower than ours. All without blanks.
fn is_redrawn(line: &str, prompt: &str, command: &str) -> bool {
    let whole = format!("{prompt}{command}");
    if whole.len() < NARROW {
        return false;
    }
    if let Some(end) = line.strip_prefix('<') {
        return !end.is_empty() && command.ends_with(end);
    }
    let over = |at: usize| {
        let (end, rest) = line.split_at_checked(at)?;
        Some(command.ends_with(end) && whole.contains(rest))
    };
    (1..=line.len()).any(|at| over(at) == Some(true))
}

/// What stands behind the prompt, which a terminal may write more than once.
fn behind<'t>(text: &'t str, prompt: &str) -> &'t str {
    if prompt.is_empty() {
        return text;
    }
    text.trim_start_matches(prompt)
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_echo_may_be_redrawn() {
        let command = "pkicsrdatabasecluster_serverCN:db.example.comsubjectAltName:cms1.example.com,cms2.example.com";
        assert!(is_redrawn(
            "<cms1.example.com,cms2.example.com",
            "cms1>",
            command
        ));
        let over = "ple.com,cms2.example.comcsrdatabasecluster_serverCN:db.example.com";
        assert!(is_redrawn(over, "cms1>", command));
        assert!(!is_redrawn("<cms1.example.net", "cms1>", command));
        assert!(!is_redrawn("Unknowncommand", "cms1>", command));
        assert!(
            !is_redrawn("<status", "cms1>", "status"),
            "it fits any terminal"
        );
    }
}
