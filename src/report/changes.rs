//! What nodes said before and after a run.

use crate::model::look::Look;

/// What a check said, first and last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The node.
    pub node: String,
    /// The command that was asked.
    pub command: String,
    /// What it said first.
    pub before: String,
    /// What it said last.
    pub after: String,
}

/// What every node said, by node and command, in the order in which they were first asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(Vec<Seen>);

impl Changes {
    /// Takes what a look told.
    pub fn remember(&mut self, node: &str, command: &str, look: &Look) {
        let said = look.seen().to_owned();
        let about = fields(&said);
        let same = |seen: &&mut Seen| {
            seen.node == node && seen.command == command && fields(&seen.after) == about
        };
        match self.0.iter_mut().find(same) {
            Some(seen) => seen.after = said,
            None => self.0.push(Seen {
                node: node.to_owned(),
                command: command.to_owned(),
                before: said.clone(),
                after: said,
            }),
        }
    }

    /// What is not as it was.
    pub fn changed(&self) -> impl Iterator<Item = &Seen> {
        self.0.iter().filter(|seen| seen.before != seen.after)
    }
}

/// What a look is about: the names of the fields that it tells.
fn fields(seen: &str) -> Vec<&str> {
    let parts = seen.split(", ").filter_map(|part| part.split_once(": "));
    parts.map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_word_about_the_same_are_compared() {
        let mut changes = Changes::default();
        for said in ["state: off", "mode: a", "state: starting", "state: on"] {
            changes.remember("n", "status", &Look::DoesNot(said.to_owned()));
        }
        let told: Vec<_> = changes
            .changed()
            .map(|seen| (seen.before.as_str(), seen.after.as_str()))
            .collect();
        assert_eq!(told, [("state: off", "state: on")]);
    }
}
