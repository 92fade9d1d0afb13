//! Models of clusters: what the nodes are, what commands do to them, what they print and log.
//! Pure: they know no sockets and no clock but the time they are told.

use super::clock::Millis;

pub(super) mod cms;
pub(super) mod expressway;
pub(super) mod imp;

/// Lines that a log keeps; the oldest go first.
const LOG_LINES: usize = 20_000;

/// A node as its cluster knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its name.
    pub(super) name: String,
    /// Its address in the cluster.
    pub(super) address: String,
}

/// What a node says to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// Pieces of text, each with the time that passes before it.
    pub(super) parts: Vec<(Millis, String)>,
    /// How it ends.
    pub(super) end: End,
}

/// How an answer ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The node waits for the next command.
    Ready,
    /// It asks this first; a line answers it.
    Ask(String),
    /// It goes on until it is interrupted, and then says this.
    Follow(String),
}

impl Reply {
    /// A text that comes at once.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::after(0, text)
    }

    /// A text that comes after a while.
    pub(super) fn after(wait: Millis, text: impl Into<String>) -> Self {
        Self {
            parts: vec![(wait, text.into())],
            end: End::Ready,
        }
    }

    /// A question.
    pub(super) fn ask(question: impl Into<String>) -> Self {
        Self {
            parts: Vec::new(),
            end: End::Ask(question.into()),
        }
    }

    /// A command that runs until it is interrupted.
    pub(super) fn follow(text: impl Into<String>, last: impl Into<String>) -> Self {
        Self {
            parts: vec![(0, text.into())],
            end: End::Follow(last.into()),
        }
    }
}

/// How a product's command line behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shell {
    /// What the login shows before the password.
    pub(super) banner: &'static str,
    /// Id of the dialect that speaks it.
    pub(super) dialect: &'static str,
    /// Lines of a page, where it pages.
    pub(super) page: Option<usize>,
    /// Commands that end the session.
    pub(super) leave: &'static [&'static str],
}

/// What is true of a cluster, whatever its nodes print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Nothing of what the scenario broke is broken any more.
    pub repaired: bool,
    /// What was destroyed or made worse by commands, in words; empty is good.
    pub harm: Vec<String>,
}

/// A file that somebody would collect: its path below the folder, and its text.
pub(super) type Collected = (String, String);

/// A cluster. Nodes are named by their place in [`World::places`]; an unknown one does nothing.
pub(super) trait World: Send {
    /// The nodes.
    fn places(&self) -> Vec<Place>;

    /// The command line of all of them.
    fn shell(&self) -> Shell;

    /// What a new session prints first.
    fn greeting(&mut self, node: usize) -> String;

    /// What stands before a command.
    fn prompt(&self, node: usize) -> String;

    /// How often the node has started; `None` while it is down.
    fn boots(&self, node: usize) -> Option<u32>;

    /// Runs a command.
    fn command(&mut self, node: usize, line: &str, now: Millis) -> Reply;

    /// Goes on with a command whose question was answered.
    fn answered(&mut self, node: usize, line: &str, answer: &str, now: Millis) -> Reply;

    /// Lets everything happen that is due.
    fn tick(&mut self, now: Millis);

    /// When the next thing is due that changes a node.
    fn due(&self) -> Option<Millis>;

    /// What somebody would collect now.
    fn collect(&self, now: Millis) -> Vec<Collected>;

    /// Somebody has collected; what happens behind his back now happens.
    fn collected(&mut self, now: Millis);

    /// What is true.
    fn truth(&self) -> Truth;
}

/// Things that happen later.
#[derive(Debug)]
pub(super) struct Agenda<E> {
    /// Due, in the order of their times; those of one time in the order in which they came.
    items: Vec<(Millis, E)>,
}

impl<E> Agenda<E> {
    /// Nothing to do.
    pub(super) fn new() -> Self {
        Self { items: Vec::new() }
    }

    /// Adds a thing.
    pub(super) fn add(&mut self, at: Millis, thing: E) {
        let place = self.items.partition_point(|(due, _)| *due <= at);
        self.items.insert(place, (at, thing));
    }

    /// The next thing, if it is due.
    pub(super) fn take(&mut self, now: Millis) -> Option<(Millis, E)> {
        let due = self.due()?;
        (due <= now).then(|| self.items.remove(0))
    }

    /// When the next thing is due.
    pub(super) fn due(&self) -> Option<Millis> {
        self.items.first().map(|(due, _)| *due)
    }
}

/// The log of a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    lines: std::collections::VecDeque<String>,
}

impl Log {
    /// Adds a line.
    pub(super) fn add(&mut self, line: String) {
        if self.lines.len() == LOG_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// True when nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The whole log.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// The last lines.
    pub(super) fn tail(&self, lines: usize) -> String {
        let skipped = self.lines.len().saturating_sub(lines);
        let mut text = String::new();
        for line in self.lines.iter().skip(skipped) {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_happen_in_the_order_of_their_times() {
        let mut agenda = Agenda::new();
        for (at, thing) in [(20, 'b'), (10, 'a'), (20, 'c')] {
            agenda.add(at, thing);
        }
        assert_eq!(agenda.take(5), None);
        let all: Vec<_> = std::iter::from_fn(|| agenda.take(20)).collect();
        assert_eq!(all, [(10, 'a'), (20, 'b'), (20, 'c')]);
        assert_eq!(agenda.due(), None);
    }

    #[test]
    fn a_log_keeps_its_newest_lines() {
        let mut log = Log::default();
        for line in 0..LOG_LINES + 2 {
            log.add(line.to_string());
        }
        assert!(log.text().starts_with("2\n"));
        assert_eq!(log.tail(1), format!("{}\n", LOG_LINES + 1));
    }
}
